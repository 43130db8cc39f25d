"""A store in memory that keeps the promises of ``contracts.Source``."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from confwatch.errors import SourceError
from confwatch.model.events import Changed, Consistency, Loaded, Revision, StoreEvent
from confwatch.model.keys import Key, is_covered, outermost


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
        if new:
            self.add(self._source.picture(new))

    def moved_at(self) -> float:
        """Always move: nothing is ever silent here."""
        return asyncio.get_running_loop().time()

    def reload(self) -> None:
        """Tell the whole picture again."""
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

    def fail(self, error: SourceError) -> None:
        """Fail once, for everybody."""
        self._add(error)

    def _now(self) -> Revision:
        return Revision(str(self._revision))

    def _add(self, event: StoreEvent | SourceError) -> None:
        for one in self._subscriptions:
            one.add(event)
