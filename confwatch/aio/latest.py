"""A mailbox with one slot: what arrives before it is emptied is merged."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """One waiting item at most; a second one is merged into the first.

    However much is put in, the taker is woken once and memory stays bounded. One task
    takes; any may put.
    """

    def __init__(self, merge: Callable[[T, T], T]) -> None:
        """Make an empty mailbox.

        Args:
            merge: makes one item of the waiting one and the new one, in this order.
        """
        self._merge = merge
        self._waiting: list[T] = []
        self._bell = asyncio.Event()

    def put(self, item: T) -> None:
        """Leave *item* for the taker, merged with what waits already."""
        if self._waiting:
            item = self._merge(self._waiting[0], item)
        self._waiting[:] = [item]
        self._bell.set()

    async def arrival(self) -> None:
        """Return at the next ``put`` from now on; what waits already does not count."""
        self._bell.clear()
        await self._bell.wait()

    async def filled(self) -> None:
        """Return as soon as something waits."""
        while not self._waiting:
            await self.arrival()

    def take(self) -> T | None:
        """Empty the slot and return what waited; None where nothing did."""
        return self._waiting.pop() if self._waiting else None
