"""Announces services in a folder: records under a lease that beats."""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from confwatch.aio.threads import finish
from confwatch.contracts import Claim
from confwatch.errors import LeaseLost
from confwatch.model.keys import Key
from confwatch.model.service import LeaseState, Record, Written, digest_of
from confwatch.stores.claims import Held, needs_write
from confwatch.stores.dir.edge import translated
from confwatch.stores.dir.leases import Lease, LeaseFolder, remove
from confwatch.stores.dir.names import path_of
from confwatch.stores.dir.writer import write
from confwatch.stores.identity import is_ours, state_of


class DirRegistrar:
    """The write side of a folder."""

    def __init__(self, root: str) -> None:
        self._root = root

    @asynccontextmanager
    async def open(
        self, ttl_s: float, resume: LeaseState | None
    ) -> AsyncIterator["DirSession"]:
        """Open a session; leaving the block withdraws all of it, unless detached.

        Raises:
            SourceUnavailable, SourceRejected: no session was made.
        """
        adopted = resume if is_ours(resume, f"dir:{self._root}", ttl_s) else None
        with translated(self._root):
            session = await finish(lambda: _opened(self._root, ttl_s, adopted))
            await session.recall()
        try:
            yield session
        finally:
            await session.close()


class DirSession:
    """One lease of ours."""

    def __init__(self, root: str, name: str, lease: Lease) -> None:
        self._root = root
        self._name = name
        self._leases = LeaseFolder(root)
        self._ttl_s = lease.ttl
        self._keys = set(lease.keys)
        self._written: dict[Key, Written] = {}
        self._detached = False

    @property
    def state(self) -> LeaseState:
        """What the next start needs to adopt this lease."""
        lease = (f"dir:{self._root}", self._name, self._ttl_s)
        return state_of(lease, self._keys, self._written)

    @property
    def ttl_s(self) -> float:
        """Seconds that records outlive the last beat."""
        return self._ttl_s

    @property
    def standing(self) -> Mapping[Key, str]:
        """The digest of what is known to stand, by key."""
        return {key: one.digest for key, one in self._written.items()}

    async def put(self, record: Record, claim: Claim) -> bool:
        """Make the key hold these bytes under our lease; tell if that took a write.

        Raises:
            LeaseLost: somebody found our beat standing still, and reaped it.
            KeyHeld: another living lease holds the key, and *claim* is not enough.
            SourceUnavailable, SourceRejected: nothing is known to be written.
        """
        with translated(self._root):
            return await finish(lambda: self._put(record, claim))

    async def withdraw(self, key: Key) -> None:
        """Remove a record, if it is ours.

        Raises:
            SourceUnavailable, SourceRejected: it may still stand.
        """
        with translated(self._root):
            await finish(lambda: self._withdraw(key))

    async def recall(self) -> frozenset[Key]:
        """Tell which keys stand under the lease.

        Raises:
            LeaseLost: as ``put``.
            SourceUnavailable, SourceRejected: nothing is known.
        """
        with translated(self._root):
            return await finish(self._recalled)

    async def renew(self) -> None:
        """Beat once more.

        Raises:
            LeaseLost: as ``put``.
            SourceUnavailable, SourceRejected: the beat is not known to be written.
        """
        with translated(self._root):
            await finish(self._renew)

    def detach(self) -> None:
        """Leave the lease standing for the next start when the block is left."""
        self._detached = True

    async def close(self) -> None:
        """Withdraw everything, unless detached.

        Raises:
            SourceUnavailable, SourceRejected: it goes with its ttl.
        """
        if not self._detached:
            with translated(self._root):
                await finish(self._end)

    def _put(self, record: Record, claim: Claim) -> bool:
        with self._leases.locked():
            lease = self._lease()
            wrote = self._write(record, claim, lease)
        self._written[record.key] = Written(record.digest)
        return wrote

    def _write(self, record: Record, claim: Claim, lease: Lease) -> bool:
        """Write a record where that is needed and allowed; the lock is held."""
        self._written.pop(record.key, None)
        present, owner = self._present(record.key), self._leases.owner(record.key)
        found = None if present is None else Held(present, owner or "")
        store = f"dir:{self._root}"
        if not needs_write(record, claim, found, ours=self._name, store=store):
            return False
        if owner is not None and owner != self._name:
            self._take_from(owner, record.key)
        # The lease first: a record without one would stand for ever.
        self._keys.add(record.key)
        self._leases.write(self._name, replace(lease, keys=tuple(sorted(self._keys))))
        write(self._root, record.key, record.value)
        return True

    def _take_from(self, owner: str, key: Key) -> None:
        """Let another lease not end a key any more."""
        other = self._leases.read(owner)
        if other is not None:
            kept = tuple(one for one in other.keys if one != key)
            self._leases.write(owner, replace(other, keys=kept))

    def _withdraw(self, key: Key) -> None:
        with self._leases.locked():
            lease = self._leases.read(self._name)
            self._keys.discard(key)
            self._written.pop(key, None)
            if lease is not None and key in lease.keys:
                remove(self._root, key)
                self._leases.write(
                    self._name, replace(lease, keys=tuple(sorted(self._keys)))
                )

    def _recalled(self) -> frozenset[Key]:
        with self._leases.locked():
            keys = self._lease().keys
        present = {key: self._present(key) for key in keys}
        found = {key: value for key, value in present.items() if value is not None}
        self._written = {k: Written(digest_of(v)) for k, v in found.items()}
        return frozenset(found)

    def _renew(self) -> None:
        with self._leases.locked():
            lease = self._lease()
            self._leases.write(self._name, replace(lease, beat=lease.beat + 1))

    def _end(self) -> None:
        with self._leases.locked():
            self._leases.end(self._name)

    def _lease(self) -> Lease:
        """Return our lease as it stands.

        Raises:
            LeaseLost: it does not.
        """
        lease = self._leases.read(self._name)
        if lease is None:
            raise LeaseLost(f"dir:{self._root}", "its file is gone")
        return lease

    def _present(self, key: Key) -> bytes | None:
        try:
            with open(path_of(self._root, key), "rb") as file:
                return file.read().removesuffix(b"\n")
        except (FileNotFoundError, NotADirectoryError):
            return None


def _opened(root: str, ttl_s: float, adopted: LeaseState | None) -> DirSession:
    """Adopt a lease that still stands, or make a new one. Blocks."""
    leases = LeaseFolder(root)
    with leases.locked():
        if adopted is not None:
            standing = leases.read(adopted.lease)
            if standing is not None:
                leases.write(adopted.lease, replace(standing, beat=standing.beat + 1))
                return DirSession(root, adopted.lease, standing)
        name, lease = secrets.token_hex(8), Lease(ttl_s)
        leases.write(name, lease)
        return DirSession(root, name, lease)
