"""The Protocols between floors: what an adapter promises, and what it does not.

No base class: adapters share behaviour by calling small functions, not by inheriting.
"""

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import Protocol

from confwatch.errors import SourceDenied
from confwatch.model.events import Consistency, StoreEvent
from confwatch.model.health import Status
from confwatch.model.keys import Key
from confwatch.model.records import Proven
from confwatch.model.service import CustomRecord, LeaseState, Record, Service


class Subscription(Protocol):
    """An endless stream of store events, which outlives its own failures.

    Whole first (each scope begins with Loaded); in order, once; no silent gap (resumed,
    or Loaded comes next); whole or nothing (a read that fails half-way yields nothing).

    It does not wait between attempts: that is the caller's duty, in one place.
    """

    async def next(self) -> StoreEvent:
        """Return the next event; wait for as long as nothing happens.

        A failure does not end the subscription: calling again tries again, first by
        resuming from where it was. Cancelling a wait loses no event.

        Raises:
            SourceUnavailable: cannot be reached, or does not answer now.
            SourceRejected: the store refused (credentials, permission).
            SourceGarbled: bytes that cannot be understood; nothing of them was used.
            SourceDenied: what ``refused`` returns is news; nothing else failed.
        """
        ...

    def refused(self) -> SourceDenied | None:
        """Tell why some prefixes are not told, while others are; None where all are."""
        ...

    def cover(self, prefixes: frozenset[Key]) -> None:
        """Widen or narrow what is watched; a new scope begins with its own Loaded.

        A call to ``next`` that already waits takes it up. What is no longer covered is
        no longer told; scopes that stay are neither loaded again nor interrupted
        by more than a resume.
        """
        ...

    def moved_at(self) -> float:
        """Tell when the store last showed that it is alive, on the loop's clock."""
        ...


class Source(Protocol):
    """A store we read from."""

    @property
    def consistency(self) -> Consistency:
        """How much of one moment an event holds."""
        ...

    @property
    def shown(self) -> str:
        """The store's URL without user part and query, for people and logs."""
        ...

    def subscribe(
        self, cover: frozenset[Key]
    ) -> AbstractAsyncContextManager[Subscription]:
        """Open a subscription; leaving the block closes all its sockets and threads.

        Args:
            cover: prefixes; a prefix covers itself and its subtree, ``/app`` not
                ``/apple``. May be empty, and grow by ``Subscription.cover``.
        """
        ...


class Writer(Protocol):
    """What ``confwatch kv`` writes through."""

    async def put(self, key: Key, value: bytes) -> None:
        """Set *key*; returns once the store has it for good.

        Raises:
            SourceUnavailable, SourceRejected: nothing is known to be written.
        """
        ...

    async def remove(self, key: Key, *, subtree: bool = False) -> int:
        """Remove *key*, and all below it where asked; return how many keys went.

        Raises:
            SourceUnavailable, SourceRejected: as ``put``.
        """
        ...


class Claim(Enum):
    """What a put may do about a key that a living lease of somebody else holds."""

    FREE = "free"
    """Nothing: whoever lost a key to somebody else does not fight back."""
    SAME = "same"
    """Take it where it holds the very same bytes: an earlier life of our own."""
    ANY = "any"
    """Take it."""


class Session(Protocol):
    """One lease and the records under it. Not safe to use from two tasks at once."""

    @property
    def state(self) -> LeaseState:
        """What the next start needs to adopt this lease."""
        ...

    @property
    def ttl_s(self) -> float:
        """Seconds that records outlive the last renewal, as the store granted them."""
        ...

    @property
    def standing(self) -> Mapping[Key, str]:
        """The digest of what is known to stand, by key: it need not be put again.

        After an adoption, what the earlier run wrote and the store still holds just so.
        ``put``, ``withdraw``, ``recall`` and ``renew`` keep it true; whatever is in
        doubt is not in it.
        """
        ...

    async def put(self, record: Record, claim: Claim) -> bool:
        """Make the key hold these bytes under our lease; tell if that took a write.

        Writes nothing where the store already holds them so, and thereby serves as the
        check that somebody's hand did not change them. A key under no lease, or under
        one that is dead, is free.

        Args:
            record: what shall stand.
            claim: what may be done about a key that somebody else's lease holds.

        Raises:
            LeaseLost: the store no longer knows the lease.
            KeyHeld: a living lease of somebody else holds it, and *claim* does not
                allow to take it.
            RegistrationRejected: this record is refused (permission, size, no space).
            SourceUnavailable, SourceRejected: nothing is known to be written; a write
                whose answer was lost is found by the next put.
        """
        ...

    async def recall(self) -> frozenset[Key]:
        """Ask the store which keys stand under the lease, and correct ``standing``.

        A few requests for all of them. A key that is missing here was removed or taken
        by somebody else, or holds other bytes than we wrote; one that is here and was
        never put came back with a backup. Where the store went back to an earlier
        moment, whatever is in doubt is missing: it is put again then.

        Raises:
            LeaseLost: the store no longer knows the lease.
            SourceUnavailable, SourceRejected: nothing is known.
        """
        ...

    async def withdraw(self, key: Key) -> None:
        """Remove a record, if it is ours.

        Raises:
            LeaseLost: the store no longer knows the lease; the record went with it.
            SourceUnavailable, SourceRejected: it may still stand.
        """
        ...

    async def renew(self) -> None:
        """Keep the lease alive without touching a record.

        Where the store shows that it went back to an earlier moment, it is asked what
        stands as well: ``standing`` tells then what has to be put again.

        Raises:
            LeaseLost: the store no longer knows the lease; a new session is needed.
            SourceUnavailable, SourceRejected: not confirmed this time.
        """
        ...

    def detach(self) -> None:
        """Leave the lease standing for the next start when the block is left."""
        ...


class Registrar(Protocol):
    """A store we announce services in. Not every store can: hence apart from Source."""

    def open(
        self, ttl_s: float, resume: LeaseState | None
    ) -> AbstractAsyncContextManager[Session]:
        """Open a session; leaving the block withdraws all of it, unless detached.

        Args:
            ttl_s: how long records outlive the last renewal.
            resume: a lease left standing by an earlier run; adopted if it still lives,
                else a new one is made.

        Raises:
            SourceUnavailable, SourceRejected: no session was made.
        """
        ...


class CustomTexts(Protocol):
    """Fills in the texts of custom records, by whatever engine."""

    def filled(self, service: Service, address: str, status: Status) -> CustomRecord:
        """Return the key and the value of a service whose format is custom.

        Raises:
            RegistrationRejected: a text cannot be filled in; names the field.
        """
        ...


class Records(Protocol):
    """What must outlive the process. Every save is on disk when it returns."""

    def proven(self, resource: str) -> Proven | None:
        """Return what the resource's service last loaded; None where nobody knows."""
        ...

    def save_proven(self, proven: Proven) -> None:
        """Replace the record of one resource, synced.

        Raises:
            DiskError: the older record stands.
        """
        ...

    def leases(self) -> Mapping[str, LeaseState]:
        """Return the leases an earlier run left standing, by the names it gave them."""
        ...

    def save_leases(self, leases: Mapping[str, LeaseState]) -> None:
        """Replace all leases, by name, synced.

        Raises:
            DiskError: the older ones stand.
        """
        ...

    def drained(self) -> frozenset[str]:
        """Return the words by which an operator drained services."""
        ...

    def save_drained(self, words: frozenset[str]) -> None:
        """Replace these words, synced.

        Raises:
            DiskError: the older ones stand.
        """
        ...
