"""Work in a thread that nobody leaves behind half done."""

import asyncio
import threading

import pytest

from confwatch.aio.threads import aside, finish


async def test_a_result_and_an_error_come_back() -> None:
    assert await finish(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await finish(lambda: 1 // 0)


async def test_a_cancellation_waits_for_the_end_of_the_work() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()

    async def cancelled_midway() -> None:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(finish(work))
            await asyncio.to_thread(begun.wait, 10)
            task.cancel()
            await asyncio.sleep(0)
            assert not task.done()
            may_end.set()

    await cancelled_midway()
    assert ended.is_set()


async def test_what_was_done_is_known_although_its_caller_was_cancelled_twice() -> None:
    begun, may_end = threading.Event(), threading.Event()
    known: list[int] = []

    def work() -> int:
        begun.set()
        may_end.wait(10)
        return 7

    async with asyncio.TaskGroup() as group:
        task = group.create_task(finish(work, known.append))
        await asyncio.to_thread(begun.wait, 10)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        assert known == []
        may_end.set()
        await asyncio.wait({task})
    assert task.cancelled()
    assert known == [7]


@pytest.mark.parametrize("failure", [OSError("down"), RecursionError("a bug")])
async def test_what_fails_aside_leaves_nobody_waiting(failure: Exception) -> None:
    def work() -> None:
        raise failure

    async with asyncio.timeout(5):
        with pytest.raises(type(failure)):
            await asyncio.wrap_future(aside(work))


async def test_what_runs_aside_may_be_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(threading, "excepthook", complaints.append)
    may_end, ended = threading.Event(), threading.Event()

    def work() -> None:
        may_end.wait(10)
        ended.set()

    waiting = asyncio.wrap_future(aside(work))
    waiting.cancel()
    may_end.set()
    await asyncio.to_thread(ended.wait, 10)
    for thread in [one for one in threading.enumerate() if one.name == "aside"]:
        await asyncio.to_thread(thread.join, 10)
    assert complaints == []
