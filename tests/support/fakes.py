"""Stores in memory that keep the promises of ``contracts``, and fail when told to."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager

from confwatch.contracts import Claim
from confwatch.errors import (
    LeaseLost,
    RegistrationRejected,
    SourceError,
    SourceUnavailable,
)
from confwatch.model.events import Changed, Consistency, Loaded, Revision, StoreEvent
from confwatch.model.keys import Key, is_covered, outermost
from confwatch.model.service import LeaseState, Record, Written, digest_of
from confwatch.stores.claims import Held, needs_write
from confwatch.stores.identity import is_ours, state_of


class FakeSubscription:
    """Events and failures in the order they happened."""

    def __init__(self, source: "FakeSource", cover: frozenset[Key]) -> None:
        self._source = source
        self._cover: frozenset[Key] = frozenset()
        self._waiting: deque[StoreEvent | SourceError] = deque()
        self._bell = asyncio.Event()
        self.cover(cover)

    async def next(self) -> StoreEvent:
        """Return the next event, or raise the next failure."""
        while not self._waiting:
            self._bell.clear()
            await self._bell.wait()
        first = self._waiting.popleft()
        if isinstance(first, SourceError):
            raise first
        return first

    def cover(self, prefixes: frozenset[Key]) -> None:
        """Tell the picture of each prefix that is new."""
        prefixes = outermost(prefixes)
        new = frozenset(one for one in prefixes if not is_covered(one, self._cover))
        self._cover = prefixes
        if new and not self._source.down:
            self.add(self._source.picture(new))

    def refused(self) -> None:
        """Refuse nothing."""

    def moved_at(self) -> float:
        """Always move: nothing is ever silent here."""
        return asyncio.get_running_loop().time()

    def reload(self) -> None:
        """Tell the whole picture again, of what is covered."""
        if self._cover:
            self.add(self._source.picture(self._cover))

    def add(self, event: StoreEvent | SourceError) -> None:
        """Let ``next`` find it; of a change only what is covered."""
        if isinstance(event, Changed):
            put = {k: v for k, v in event.put.items() if is_covered(k, self._cover)}
            gone = frozenset(k for k in event.gone if is_covered(k, self._cover))
            if not put and not gone:
                return
            event = Changed(event.revision, put, gone)
        self._waiting.append(event)
        self._bell.set()


class FakeSource:
    """The store; what a test does to it, its subscriptions tell."""

    consistency = Consistency.REVISION
    shown = "fake:"

    def __init__(self) -> None:
        self._entries: dict[Key, bytes] = {}
        self._revision = 0
        self._subscriptions: list[FakeSubscription] = []
        self.down = False

    @asynccontextmanager
    async def subscribe(self, cover: frozenset[Key]) -> AsyncIterator[FakeSubscription]:
        """Open a subscription."""
        made = FakeSubscription(self, cover)
        self._subscriptions.append(made)
        try:
            yield made
        finally:
            self._subscriptions.remove(made)

    def picture(self, scope: frozenset[Key]) -> Loaded:
        """Return all there is below *scope* now."""
        entries = {k: v for k, v in self._entries.items() if is_covered(k, scope)}
        return Loaded(scope, self._now(), entries)

    def put(self, entries: Mapping[Key, bytes]) -> None:
        """Put keys, all in one transaction."""
        self._revision += 1
        self._entries.update(entries)
        self._add(Changed(self._now(), dict(entries), frozenset()))

    def remove(self, keys: Iterable[Key]) -> None:
        """Remove keys, all in one transaction."""
        self._revision += 1
        gone = frozenset(keys)
        for key in gone:
            self._entries.pop(key, None)
        self._add(Changed(self._now(), {}, gone))

    def load(self, entries: Mapping[Key, bytes]) -> None:
        """Become another store: whoever watches is told the whole picture."""
        self._revision += 1
        self._entries = dict(entries)
        for one in self._subscriptions:
            one.reload()

    def come_up(self) -> None:
        """Tell what was asked for while it was down."""
        self.down = False
        for one in self._subscriptions:
            one.reload()

    def fail(self, error: SourceError) -> None:
        """Fail once, for everybody."""
        self._add(error)

    def _now(self) -> Revision:
        return Revision(str(self._revision))

    def _add(self, event: StoreEvent | SourceError) -> None:
        for one in self._subscriptions:
            one.add(event)


class FakeLease:
    """One lease in a store in memory: a session over it, and what it holds."""

    def __init__(self, store: "FakeRegistrar", name: str, ttl_s: float) -> None:
        self._store = store
        self.name = name
        self.ttl_s = ttl_s
        self.renewed_at = asyncio.get_running_loop().time()
        self.detached = False
        self._written: dict[Key, Written] = {}

    @property
    def state(self) -> LeaseState:
        """What the next start needs to adopt it."""
        lease = (self._store.shown, self.name, self.ttl_s)
        return state_of(lease, self._written, self._written)

    @property
    def standing(self) -> Mapping[Key, str]:
        """What is known to stand."""
        return {key: one.digest for key, one in self._written.items()}

    async def put(self, record: Record, claim: Claim) -> bool:
        """Write a record, where that is needed and allowed."""
        self._store.ask("put")
        await asyncio.sleep(self._store.pause_s)
        self._living()
        if record.key in self._store.refuse:
            problem = f"{record.key}: {self._store.refuse[record.key]}"
            raise RegistrationRejected(self._store.shown, problem)
        found, shown = self._store.held(record.key), self._store.shown
        self._written.pop(record.key, None)
        wrote = needs_write(record, claim, found, ours=self.name, store=shown)
        if wrote:
            self._store.set(record.key, Held(record.value, self.name))
        self._written[record.key] = Written(record.digest)
        while self._store.after_put:
            self._store.after_put.pop()()
        return wrote

    async def recall(self) -> frozenset[Key]:
        """Tell what stands."""
        self._store.ask("recall")
        self._living()
        return self.look()

    def look(self) -> frozenset[Key]:
        """Correct what is known to stand, and return it with what came back."""
        found = self._store.under(self.name)
        same = {
            key
            for key, one in self._written.items()
            if key in found and digest_of(found[key]) == one.digest
        }
        strange = found.keys() - self._written.keys()
        self._written = {key: self._written[key] for key in same}
        return frozenset(same | strange)

    async def withdraw(self, key: Key) -> None:
        """Remove a record, if it is ours."""
        self._store.ask("withdraw")
        await asyncio.sleep(self._store.pause_s)
        self._living()
        self._written.pop(key, None)
        if key in self._store.under(self.name):
            self._store.set(key, None)

    async def renew(self) -> None:
        """Keep it alive."""
        self._store.ask("renew")
        self._living()
        self.renewed_at = asyncio.get_running_loop().time()

    def detach(self) -> None:
        """Leave it standing when the block is left."""
        self.detached = True

    def dead(self) -> bool:
        """Tell whether its ttl has passed."""
        return asyncio.get_running_loop().time() - self.renewed_at > self.ttl_s

    def adopted(self, written: Mapping[Key, Written]) -> None:
        """Be another start's, which remembers *written*."""
        self.renewed_at = asyncio.get_running_loop().time()
        self.detached = False
        self._written = dict(written)
        self.look()

    def _living(self) -> None:
        if not self._store.lives(self.name):
            raise LeaseLost(self._store.shown, "the store does not know it any more")


class FakeRegistrar:
    """A store in memory to announce in; a test fails it, and looks into it.

    Attributes:
        requests: how often each of its methods was asked.
        events: every change a watcher would be told, in order; None for a removal.
        down: it cannot be reached.
        refuse: keys that may not be written, each with a reason.
        pause_s: a put or a withdrawal takes so long.
        after_put: called once the next put is made, before that is known.
    """

    shown = "fake:"

    def __init__(self, source: "FakeSource | None" = None) -> None:
        """Make an empty store.

        Args:
            source: takes the same changes; None for nowhere.
        """
        self.requests: Counter[str] = Counter()
        self.events: list[tuple[Key, bytes | None]] = []
        self.down = False
        self.refuse: dict[Key, str] = {}
        self.pause_s = 0.0
        self.after_put: list[Callable[[], None]] = []
        self._source = source
        self._keys: dict[Key, Held] = {}
        self._leases: dict[str, FakeLease] = {}
        self._made = 0

    @asynccontextmanager
    async def open(
        self, ttl_s: float, resume: LeaseState | None
    ) -> AsyncIterator[FakeLease]:
        """Open a session, or adopt one."""
        self.ask("open")
        if resume is not None and is_ours(resume, self.shown, ttl_s):
            lease = self._leases.get(resume.lease)
        else:
            lease = None
        if resume is not None and lease is not None:
            lease.adopted(resume.written)
        else:
            lease = self._grant(ttl_s)
        try:
            yield lease
        finally:
            if not lease.detached and self.lives(lease.name):
                self.ask("close")
                self.revoke(lease.name)

    @property
    def keys(self) -> Mapping[Key, bytes]:
        """All that stands."""
        self.reap()
        return {key: held.value for key, held in self._keys.items()}

    def take(self, key: Key, value: bytes, ttl_s: float = 1e9) -> None:
        """Write a key under a living lease of somebody else's."""
        self.set(key, Held(value, self._grant(ttl_s).name))

    def put(self, key: Key, value: bytes) -> None:
        """Write a key by hand, under no lease."""
        self.set(key, Held(value, ""))

    def remove(self, key: Key) -> None:
        """Remove a key by hand."""
        self.set(key, None)

    def revoke(self, name: str | None = None) -> None:
        """End a lease, or all of them, with what is under it."""
        for one in [name] if name is not None else list(self._leases):
            self._leases.pop(one, None)
            for key in self.under(one):
                self.set(key, None)

    def wipe(self) -> None:
        """Forget everything."""
        self.revoke()
        for key in list(self._keys):
            self.set(key, None)

    def held(self, key: Key) -> Held | None:
        """Tell who holds a key."""
        return self._keys.get(key)

    def under(self, name: str) -> Mapping[Key, bytes]:
        """Return the keys of one lease."""
        return {k: held.value for k, held in self._keys.items() if held.lease == name}

    def lives(self, name: str) -> bool:
        """Tell whether a lease is known."""
        return name in self._leases

    def ask(self, what: str) -> None:
        """Count one request, and fail it where the store is down."""
        self.requests[what] += 1
        if self.down:
            raise SourceUnavailable(self.shown, "down")
        self.reap()

    def reap(self) -> None:
        """End the leases whose ttl has passed."""
        for name, lease in list(self._leases.items()):
            if lease.dead():
                self.revoke(name)

    def set(self, key: Key, held: Held | None) -> None:
        """Change a key, as any watcher is told."""
        if held is None:
            if self._keys.pop(key, None) is None:
                return
        else:
            self._keys[key] = held
        value = None if held is None else held.value
        self.events.append((key, value))
        if self._source is not None and value is not None:
            self._source.put({key: value})
        elif self._source is not None:
            self._source.remove([key])

    def _grant(self, ttl_s: float) -> FakeLease:
        self._made += 1
        name = str(self._made)
        self._leases[name] = FakeLease(self, name, ttl_s)
        return self._leases[name]
