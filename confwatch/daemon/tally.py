"""Counts passes and reloads until each resource has had its first."""

import asyncio

from confwatch.model.facts import Fact, PassEnded, PassResult, ReloadEnded


class Tally:
    """Which resources still have to end their pass, and which went wrong.

    Attributes:
        failed: names of resources whose pass or reload failed.
    """

    def __init__(self, resources: frozenset[str]) -> None:
        self.failed: set[str] = set()
        self._unrendered = set(resources)
        self._unsettled = set(resources)
        self._moved = asyncio.Event()

    def hear(self, fact: Fact) -> None:
        """Strike off what a fact settles."""
        match fact:
            case PassEnded(result=PassResult.WAITING):
                return
            case PassEnded(name, PassResult.INSTALLED | PassResult.UNCHANGED):
                self._unrendered.discard(name)
                if not fact.owed:
                    self._unsettled.discard(name)
            case PassEnded(name):
                self._unrendered.discard(name)
                self._settle(name, failed=True)
            case ReloadEnded(names, error=error):
                for name in names:
                    self._settle(name, failed=error is not None)
            case _:
                return
        self._moved.set()

    async def settled(self, wait_s: float) -> tuple[str, ...]:
        """Return when nothing is under way any more.

        Args:
            wait_s: how long the stores may take; commands have their own deadlines.

        Returns:
            The resources that no pass was made of, which count as failed.
        """
        try:
            async with asyncio.timeout(wait_s):
                await self._until_empty(self._unrendered)
        except TimeoutError:
            left = tuple(sorted(self._unrendered))
        else:
            left = ()
        for name in left:
            self._settle(name, failed=True)
        await self._until_empty(self._unsettled)
        return left

    def _settle(self, name: str, *, failed: bool) -> None:
        self._unsettled.discard(name)
        if failed:
            self.failed.add(name)

    async def _until_empty(self, names: set[str]) -> None:
        while names:
            self._moved.clear()
            await self._moved.wait()
