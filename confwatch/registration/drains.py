"""Services that their operator took away, by command or by a file."""

import asyncio
import os
from collections.abc import Callable, Iterable
from functools import partial

from confwatch.aio.threads import finish
from confwatch.contracts import Records
from confwatch.model.service import Service, ServiceRef

LOOK_S = 1.0


class Drains:
    """What is drained, and for how long: over restarts as well."""

    def __init__(self, records: Records, changed: Callable[[], None]) -> None:
        """Begin with what was drained before.

        Args:
            records: remember the words.
            changed: called when another service is drained, or none any more.
        """
        self._records = records
        self._changed = changed
        self._words = records.drained()
        self._files: frozenset[str] = frozenset()
        self._present: frozenset[str] = frozenset()
        self._bell = asyncio.Event()

    @property
    def words(self) -> frozenset[str]:
        """By what names services are drained now."""
        return self._words

    def set_services(self, services: Iterable[Service]) -> None:
        """Look for the drain files of these services from now on.

        The first look at a file is made here, so that nothing is announced before it.
        """
        files = {one.drain.file for one in services if one.drain.file is not None}
        self._files = frozenset(files)
        self._present = _present(self._files)
        self._bell.set()

    def why(self, service: Service) -> str:
        """Tell why a service is drained; "" where it is not."""
        if any(meant(word, service.ref) for word in self._words):
            return "by command"
        file = service.drain.file
        return f"{file} exists" if file is not None and file in self._present else ""

    async def drain(self, word: str) -> None:
        """Drain what *word* names until ``undrain`` of the same word.

        Raises:
            DiskError: it could not be remembered, and so is not done.
        """
        await self._keep(self._words | {word})

    async def undrain(self, word: str) -> bool:
        """End a drain; False where nothing is drained by this word.

        Raises:
            DiskError: it could not be remembered, and so is not done.
        """
        if word not in self._words:
            return False
        await self._keep(self._words - {word})
        return True

    async def run(self) -> None:
        """Look for drain files, for ever; where there are none to look for, wait."""
        while True:
            self._bell.clear()
            if not self._files:
                await self._bell.wait()
                continue
            files = self._files
            present = await finish(partial(_present, files))
            if files is self._files and present != self._present:
                self._present = present
                self._changed()
            await asyncio.sleep(LOOK_S)

    async def _keep(self, words: frozenset[str]) -> None:
        await finish(lambda: self._records.save_drained(words))
        self._words = words
        self._changed()


def meant(word: str, ref: ServiceRef) -> bool:
    """Tell whether a word names a registration: by name, id or both, or all of it."""
    return word in (ref.name, ref.id, f"{ref.name}/{ref.id}", str(ref))


def _present(files: Iterable[str]) -> frozenset[str]:
    return frozenset(file for file in files if os.path.lexists(file))
