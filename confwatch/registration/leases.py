"""The leases that stand in our name, kept for the next start."""

from confwatch.aio.threads import finish
from confwatch.contracts import Records
from confwatch.errors import DiskError
from confwatch.model.service import LeaseState


class Leases:
    """What the state folder says about our leases."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._standing = dict(records.leases())

    def of(self, name: str) -> LeaseState | None:
        """Return the lease an earlier run left standing under *name*."""
        return self._standing.get(name)

    async def keep(self, name: str, state: LeaseState | None) -> DiskError | None:
        """Remember a lease, or with None that there is none; tell what hindered it.

        Not remembering costs an adoption after a restart, never the registration, so
        the error is for the log only.
        """
        if self._standing.get(name) == state:
            return None
        if state is None:
            del self._standing[name]
        else:
            self._standing[name] = state
        standing = dict(self._standing)
        try:
            await finish(lambda: self._records.save_leases(standing))
        except DiskError as error:
            return error
        return None
