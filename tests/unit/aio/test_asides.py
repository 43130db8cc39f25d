"""Questions that may hang."""

import asyncio
import threading

import pytest

from confwatch.aio.asides import Asides


async def test_a_question_that_hangs_keeps_one_thread_however_often_it_is_asked() -> (
    None
):
    asides: Asides[int] = Asides()
    go_on, asked = threading.Event(), []

    def hang() -> int:
        asked.append(1)
        go_on.wait(10)
        return 7

    for _ in range(5):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asides.of("a", hang)
    assert await asides.of("b", lambda: 8) == 8
    waiting = asides.of("a", hang)
    go_on.set()
    assert await waiting == 7
    assert len(asked) == 1


async def test_an_error_is_told_to_who_waits_and_the_question_asked_anew() -> None:
    asides: Asides[int] = Asides()

    def fail() -> int:
        raise FileNotFoundError(2, "no such file")

    with pytest.raises(FileNotFoundError):
        await asides.of("a", fail)
    assert await asides.of("a", lambda: 1) == 1


def test_an_answer_that_comes_after_the_loop_is_nobodys() -> None:
    asides: Asides[int] = Asides()
    go_on, over = threading.Event(), threading.Event()

    def hang() -> int:
        go_on.wait(10)
        over.set()
        return 1

    async def give_up() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await asides.of("a", hang)

    asyncio.run(give_up())
    go_on.set()
    assert over.wait(10)
