"""The leases that stand in our name, kept for the next start."""

import asyncio
from collections.abc import Mapping

from confwatch.aio.threads import finish
from confwatch.contracts import Records
from confwatch.errors import DiskError
from confwatch.model.facts import LeasesUnkept, Tell
from confwatch.model.service import LeaseState


class Leases:
    """What the state folder says about our leases."""

    def __init__(self, records: Records, tell: Tell) -> None:
        self._records = records
        self._tell = tell
        self._failing = False
        # An older picture must not be written over a newer one.
        self._lock = asyncio.Lock()
        self._owed = False
        self._standing = dict(records.leases())

    def of(self, name: str) -> LeaseState | None:
        """Return the lease an earlier run left standing under *name*."""
        return self._standing.get(name)

    def names(self) -> frozenset[str]:
        """Name all leases that stand."""
        return frozenset(self._standing)

    async def keep(self, name: str, state: LeaseState | None) -> None:
        """Remember a lease, or with None that there is none.

        Not remembering costs an adoption after a restart, never the registration: it
        is told, and tried again with the next change.
        """
        if self._standing.get(name) != state:
            self._owed = True
            if state is None:
                self._standing.pop(name, None)
            else:
                self._standing[name] = state
        async with self._lock:
            if self._owed:
                self._owed = False
                await self._save(dict(self._standing))

    async def _save(self, standing: Mapping[str, LeaseState]) -> None:
        """Write all of them down."""
        try:
            await finish(lambda: self._records.save_leases(standing))
        except DiskError as error:
            self._owed = True
            if not self._failing:
                self._tell(LeasesUnkept(error))
            self._failing = True
        else:
            self._failing = False
