"""Announces services in a folder: records under a lease that beats."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from confwatch.aio.threads import finish
from confwatch.contracts import Claim
from confwatch.errors import KeyHeld, LeaseLost
from confwatch.model.keys import Key
from confwatch.model.service import LeaseState, Record, Written, digest_of
from confwatch.stores.book import Book
from confwatch.stores.claims import Held, needs_write
from confwatch.stores.dir.edge import translated
from confwatch.stores.dir.leases import Lease, LeaseFolder, remove
from confwatch.stores.dir.names import path_of
from confwatch.stores.dir.reaper import Reaper
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
        try:
            yield session
        finally:
            await session.close()


class DirSession:
    """One lease of ours."""

    def __init__(self, root: str, name: str, ttl_s: float, book: Book) -> None:
        self._root = root
        self._name = name
        self._leases = LeaseFolder(root)
        # Where nothing is read from this store, nobody else may look.
        self._reaper = Reaper(root)
        self._ttl_s = ttl_s
        self._book = book
        self._detached = False
        self._lost = False

    @property
    def state(self) -> LeaseState:
        """What the next start needs to adopt this lease."""
        lease = (f"dir:{self._root}", self._name, self._ttl_s)
        return state_of(lease, self._book.keys, self._book.written)

    @property
    def ttl_s(self) -> float:
        """Seconds that records outlive the last beat."""
        return self._ttl_s

    @property
    def standing(self) -> Mapping[Key, str]:
        """The digest of what is known to stand, by key."""
        return self._book.standing

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
            LeaseLost: as ``put``.
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
        """Beat once more, and look who else does.

        Raises:
            LeaseLost: as ``put``.
            SourceUnavailable, SourceRejected: the beat is not known to be written.
        """
        now = asyncio.get_running_loop().time()
        with translated(self._root):
            await finish(lambda: self._renew(now))

    def adopt(self, lease: Lease) -> frozenset[Key]:
        """Correct what is known to stand by what does. Blocks; the lock is held."""
        present = {key: self._present(key) for key in lease.keys}
        found = {k: Written(digest_of(v)) for k, v in present.items() if v is not None}
        before = self._book.written
        ours = {k: one for k, one in found.items() if k in self._book.keys}
        # Of a key in doubt nothing was confirmed: it is what it is.
        same = {k: one for k, one in ours.items() if before.get(k, one) == one}
        return self._book.settle(found.keys(), same)

    def detach(self) -> None:
        """Leave the lease standing for the next start when the block is left."""
        self._detached = True

    async def close(self) -> None:
        """Withdraw everything, unless detached.

        Raises:
            SourceUnavailable, SourceRejected: it goes with its ttl.
        """
        if not (self._detached or self._lost):
            with translated(self._root):
                await finish(self._end)

    def _put(self, record: Record, claim: Claim) -> bool:
        with self._leases.locked():
            lease = self._lease()
            self._book.doubt(record.key)
            try:
                wrote = self._write(record, claim, lease)
            except KeyHeld:
                self._book.drop(record.key)
                raise
        self._book.confirm(record.key, Written(record.digest))
        return wrote

    def _write(self, record: Record, claim: Claim, lease: Lease) -> bool:
        """Write a record where that is needed and allowed; the lock is held."""
        present = self._present(record.key)
        owner = self._leases.owner(record.key, besides=self._name)
        if owner is None and record.key in lease.keys:
            owner = self._name
        found = None if present is None else Held(present, owner or "")
        store = f"dir:{self._root}"
        if not needs_write(record, claim, found, ours=self._name, store=store):
            return False
        if record.key not in lease.keys:
            # The lease first: a record without one would stand for ever.
            keys = tuple(sorted({*lease.keys, record.key}))
            self._leases.write(self._name, replace(lease, keys=keys), synced=True)
        if owner is not None and owner != self._name:
            self._take_from(owner, record.key)
        if present != record.value:
            write(self._root, record.key, record.value)
        return True

    def _take_from(self, owner: str, key: Key) -> None:
        """Let another lease not end a key any more."""
        other = self._leases.read(owner)
        if other is not None:
            kept = tuple(one for one in other.keys if one != key)
            self._leases.write(owner, replace(other, keys=kept), synced=True)

    def _withdraw(self, key: Key) -> None:
        with self._leases.locked():
            lease = self._lease()
            if key in lease.keys:
                if self._leases.owner(key, besides=self._name) is None:
                    remove(self._root, key)
                kept = tuple(one for one in lease.keys if one != key)
                self._leases.write(self._name, replace(lease, keys=kept))
        self._book.drop(key)

    def _recalled(self) -> frozenset[Key]:
        with self._leases.locked():
            return self.adopt(self._lease())

    def _renew(self, now: float) -> None:
        with self._leases.locked():
            lease = self._lease()
            self._leases.write(self._name, replace(lease, beat=lease.beat + 1))
        with suppress(OSError):  # the beat is what counts
            self._reaper.look(now, self._ttl_s)

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
            self._lost = True
            raise LeaseLost(f"dir:{self._root}", "its file is gone")
        return lease

    def _present(self, key: Key) -> bytes | None:
        try:
            with open(path_of(self._root, key), "rb") as file:
                return file.read().removesuffix(b"\n")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None


def _opened(root: str, ttl_s: float, resume: LeaseState | None) -> DirSession:
    """Adopt a lease that still stands, or make a new one. Blocks."""
    leases = LeaseFolder(root)
    with leases.locked():
        standing = leases.read(resume.lease) if resume is not None else None
        if resume is not None and standing is not None:
            leases.write(resume.lease, replace(standing, beat=standing.beat + 1))
            book = Book({*resume.keys, *standing.keys}, resume.written)
            session = DirSession(root, resume.lease, ttl_s, book)
            session.adopt(standing)
            return session
        name, lease = secrets.token_hex(8), Lease(ttl_s)
        leases.write(name, lease)
        return DirSession(root, name, ttl_s, Book((), {}))
