"""The mailbox with one slot."""

import asyncio
import operator

from confwatch.aio.latest import Latest


async def test_what_waits_is_merged_and_taken_once() -> None:
    mail: Latest[list[int]] = Latest(operator.add)
    for number in range(3):
        mail.put([number])
    await mail.filled()
    assert mail.take() == [0, 1, 2]
    assert mail.take() is None


async def test_a_waiting_taker_is_woken_by_the_next_item() -> None:
    mail: Latest[list[int]] = Latest(operator.add)
    async with asyncio.TaskGroup() as group:
        filled = group.create_task(mail.filled())
        await asyncio.sleep(0)
        assert not filled.done()
        mail.put([1])
    assert mail.take() == [1]


async def test_an_arrival_is_only_what_comes_from_now_on() -> None:
    mail: Latest[list[int]] = Latest(operator.add)
    mail.put([1])
    async with asyncio.TaskGroup() as group:
        arrival = group.create_task(mail.arrival())
        await asyncio.sleep(0)
        assert not arrival.done()
        mail.put([2])
    assert mail.take() == [1, 2]
