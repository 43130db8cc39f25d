"""What the services have proven to have read."""

import asyncio
import time
from contextlib import suppress

from confwatch.aio.backoff import Backoff
from confwatch.aio.threads import finish
from confwatch.contracts import Records
from confwatch.errors import DiskError
from confwatch.model.facts import ProvenNow, RecordFailed, Tell
from confwatch.model.keys import Ref
from confwatch.model.records import Proven
from confwatch.model.steps import Installed

FIRST_RETRY_S = 1.0
MOST_RETRY_S = 300.0


class Proofs:
    """The proven records: known at once, written behind, never on anybody's way."""

    def __init__(self, records: Records, tell: Tell) -> None:
        self._records = records
        self._tell = tell
        self._known: dict[str, Proven | None] = {}
        self._unwritten: dict[str, Proven] = {}
        self._bell = asyncio.Event()

    def of(self, resource: str) -> Proven | None:
        """Return what the service of a resource last loaded; None if nobody knows."""
        if resource not in self._known:
            self._known[resource] = self._records.proven(resource)
        return self._known[resource]

    def settle(self, installed: Installed, populated: frozenset[Ref]) -> None:
        """Take it that the service has read these files, and tell it.

        Args:
            installed: the files.
            populated: prefixes that had keys when they were rendered.
        """
        name = installed.resource.name
        proven = Proven(name, dict(installed.digests), time.time(), populated)
        self._known[name] = self._unwritten[name] = proven
        self._bell.set()
        self._tell(ProvenNow(name))

    async def run(self) -> None:
        """Write every record there is to write, for ever; the rest when cancelled."""
        backoff = Backoff(FIRST_RETRY_S, MOST_RETRY_S)
        retry_s: float | None = None
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(retry_s):
                        await self._bell.wait()
                self._bell.clear()
                failed = await finish(self._write)
                self._report(failed)
                retry_s = backoff.next() if failed else None
                if not failed:
                    backoff.reset()
        finally:
            # A few small files: without them the next start would reload for nothing.
            self._report(self._write())

    def _write(self) -> list[RecordFailed]:
        """Write what is not written yet and return what could not be; blocks."""
        failed: dict[str, Proven] = {}
        facts = []
        while self._unwritten:
            name, proven = self._unwritten.popitem()
            try:
                self._records.save_proven(proven)
            except DiskError as error:
                failed[name] = proven
                facts.append(RecordFailed(name, error))
        for name, proven in failed.items():
            # A newer one may have come meanwhile.
            self._unwritten.setdefault(name, proven)
        return facts

    def _report(self, failed: list[RecordFailed]) -> None:
        """Tell what could not be written."""
        for fact in failed:
            self._tell(fact)
