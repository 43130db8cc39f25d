"""The stages of a stop: each has its time, and a second signal ends all of them."""

import asyncio
from collections.abc import Awaitable, Callable

from confwatch.daemon.signals import Wish


class Stages:
    """Waits for one stage after the other, for as long as each may take."""

    def __init__(
        self, wishes: "asyncio.Queue[Wish]", begin: Callable[[str, float], None]
    ) -> None:
        """Begin a stop that signals in *wishes* can hurry.

        Args:
            wishes: what signals ask for.
            begin: told before each stage what it does and how many seconds it may
                take.
        """
        self._wishes = wishes
        self._begin = begin
        self._hurried = False

    async def give(
        self, doing: str, stage: Callable[[], Awaitable[None]], timeout_s: float
    ) -> str:
        """Return "" once *stage* has ended, else why it was left unfinished.

        Args:
            doing: what the stage does, for people.
            stage: begins it.
            timeout_s: how long it may take.
        """
        if self._hurried:
            return "signal"
        self._begin(doing, timeout_s)
        async with asyncio.TaskGroup() as group:
            work = group.create_task(_awaited(stage), name="stage of the stop")
            bell = group.create_task(self._second(), name="second signal")
            done, _ = await asyncio.wait(
                {work, bell}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
            self._hurried = bell in done
            work.cancel()
            bell.cancel()
        if work in done:
            return ""
        return "signal" if self._hurried else "deadline"

    async def _second(self) -> None:
        """Return at the next signal that asks to end; there is nothing to read."""
        while await self._wishes.get() is Wish.RELOAD:
            continue


async def _awaited(stage: Callable[[], Awaitable[None]]) -> None:
    """Make a coroutine of whatever *stage* returns."""
    await stage()
