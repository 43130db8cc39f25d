"""Tokens, calm and slots, by a clock that jumps."""

import asyncio

import pytest

from confwatch.aio.bucket import Bucket
from confwatch.aio.latest import Latest
from confwatch.aio.quiet import calm
from confwatch.aio.slots import Slots
from tests.support.fake_time import jumping


def now() -> float:
    return asyncio.get_running_loop().time()


def test_a_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    async def taken() -> list[float]:
        bucket, begun, times = Bucket(20, 20.0), now(), []
        for _ in range(40):
            await bucket.take()
            times.append(now() - begun)
        return times

    times = jumping(taken())
    assert times[19] == 0
    assert times[39] == pytest.approx(1.0)


def test_a_bucket_fills_up_again_but_not_over() -> None:
    async def taken() -> float:
        bucket = Bucket(2, 1.0)
        await bucket.take()
        await bucket.take()
        await asyncio.sleep(100)
        begun = now()
        for _ in range(3):
            await bucket.take()
        return now() - begun

    assert jumping(taken()) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("every_s", "waited_s"),
    [(None, 0.1), (0.05, 1.0), (0.2, 0.1)],
    ids=["no event", "a storm", "a slow trickle"],
)
def test_calm_is_min_after_the_last_event_and_max_at_most(
    every_s: float | None, waited_s: float
) -> None:
    async def waited() -> float:
        mail: Latest[int] = Latest(max)

        async def storm() -> None:
            while every_s is not None:
                await asyncio.sleep(every_s)
                mail.put(1)

        begun = now()
        async with asyncio.TaskGroup() as group:
            raging = group.create_task(storm())
            await calm(mail.arrival, min_s=0.1, max_s=1.0)
            took = now() - begun
            raging.cancel()
        return took

    assert jumping(waited()) == pytest.approx(waited_s)


def test_a_slot_is_given_back_after_a_while_by_whoever_hangs() -> None:
    async def waited() -> list[float]:
        slots, begun, entered = Slots(2, 5.0), now(), []

        async def work(takes_s: float) -> None:
            async with slots.one():
                entered.append(now() - begun)
                await asyncio.sleep(takes_s)

        async with asyncio.TaskGroup() as group:
            for takes_s in (100, 100, 1, 1, 1):
                group.create_task(work(takes_s))
        return entered

    assert jumping(waited()) == pytest.approx([0, 0, 5, 5, 6])
