"""The watches over all covered prefixes: one where that can be, a few where not.

With one, an event holds all that a transaction did. With several, what they tell of one
revision is joined if it arrives within a moment, which it nearly always does.
"""

import asyncio
from collections import deque
from collections.abc import Mapping

from confwatch.errors import SourceError
from confwatch.model.events import Changed
from confwatch.model.keys import Key
from confwatch.stores.etcd.change import Change, Scope, newest_of
from confwatch.stores.etcd.client import Client
from confwatch.stores.etcd.ranges import (
    MOST_ALLOWED_STREAMS,
    MOST_STREAMS,
    Namespace,
    Range,
    covering,
    grouped,
)
from confwatch.stores.etcd.stream import Stream, Told
from confwatch.stores.etcd.witnesses import Witnesses
from confwatch.wire import etcd as wire

SILENT_S = 30.0
JOIN_S = 0.02
MOST_WAITING = 256
FOREIGN_TIMES = 4
FOREIGN_KEYS = 10_000
"""Below this a wide range costs nothing, and one stream keeps transactions whole."""


class Watch:
    """The streams of one subscription."""

    def __init__(
        self, namespace: Namespace, group: asyncio.TaskGroup, witnesses: Witnesses
    ) -> None:
        self._namespace = namespace
        self._witnesses = witnesses
        self._group = group
        self._inbox: asyncio.Queue[Told | None] = asyncio.Queue(MOST_WAITING)
        self._held: deque[Told] = deque()
        self._streams: dict[Stream, asyncio.Task[None]] = {}
        self._most = 1
        self._planned: Mapping[Key, Scope] = {}

    def wake(self) -> None:
        """Let a wait end: there is something else to do first."""
        if not self._inbox.full():
            self._inbox.put_nowait(None)

    def heard_at(self) -> float:
        """Tell when any stream last said something, on the loop's clock."""
        return max((one.heard_at for one in self._streams), default=0.0)

    def heard(self) -> None:
        """Take it that all streams are well: their cluster is."""
        for stream in self._streams:
            stream.heard_at = asyncio.get_running_loop().time()

    def is_silent(self) -> bool:
        """Tell whether any stream has been silent for long."""
        return any(is_long_ago(one.heard_at) for one in self._streams)

    @property
    def is_split(self) -> bool:
        """Whether there is more than one range on purpose."""
        return self._most > 1

    def split(self) -> bool:
        """Watch smaller ranges from now on; False where there are no smaller ones."""
        before = self._most
        self._most = MOST_ALLOWED_STREAMS if self.is_split else MOST_STREAMS
        return self._most > before

    async def stop(self) -> None:
        """End all streams; what they told and nobody took is told again."""
        streams, self._streams = self._streams, {}
        self._planned = {}
        self._held.clear()
        for task in streams.values():
            task.cancel()
        if streams:
            await asyncio.wait(streams.values())
        while not self._inbox.empty():
            self._inbox.get_nowait()

    async def follow(
        self, client: Client, scopes: Mapping[Key, Scope], inner: set[Key]
    ) -> None:
        """Make the streams fit the scopes; they go on from where the scopes are.

        Raises:
            SourceError: etcd cannot be asked how large a range is.
        """
        if self.fits(scopes):
            return
        spans = await self._plan(client, scopes, inner)
        if [one.span for one in self._streams] != spans:
            self.settle(scopes)
            await self.stop()
            newest = max(one.floor for one in scopes.values())
            for span in spans:
                cursor = self._floor(span, scopes)
                stream = Stream(span, cursor, newest)
                reading = stream.run(client, self._inbox)
                self._streams[stream] = self._group.create_task(
                    reading, name=f"watch {client.shown} from {cursor}"
                )
        self._planned = scopes

    def fits(self, scopes: Mapping[Key, Scope]) -> bool:
        """Tell whether the streams were made for just these scopes.

        Args:
            scopes: another mapping whenever its prefixes are others; this is asked at
                every event, and there may be thousands of them.
        """
        return self._planned is scopes or self._planned.keys() == scopes.keys()

    def settle(self, scopes: Mapping[Key, Scope]) -> None:
        """Raise every scope's floor to what its stream has handed out."""
        for prefix, scope in scopes.items():
            span = self._namespace.range(prefix, inner=True)
            for stream in self._streams:
                if stream.span.holds(span):
                    scope.floor = max(scope.floor, stream.cursor)

    async def begun(self) -> bool:
        """Return once every stream stands or failed; tell whether all stand."""
        for stream in self._streams:
            await stream.begun.wait()
        return all(one.stands for one in self._streams)

    async def woken(self) -> None:
        """Wait until there is something to do."""
        await self._inbox.get()

    async def next(self, scopes: Mapping[Key, Scope]) -> Changed | None:
        """Return the next change; None where nothing of ours happened.

        Cancelling it loses nothing.

        Raises:
            SourceError: why a stream ended.
        """
        try:
            await self._hold()
        except TimeoutError:
            return None
        if not self._held:
            return None
        change = Change(self._namespace, scopes, self._witnesses)
        for stream, told in self._oldest():
            if isinstance(told, SourceError):
                raise told
            change.add(stream, told)
        return change.event()

    def _oldest(self) -> list[Told]:
        """Take what is held of the oldest revision: each stream's in its own order."""
        heads: dict[Stream, Told] = {}
        for one in self._held:
            heads.setdefault(one[0], one)
        oldest = min(newest_of(told) for _, told in heads.values())
        taken = [one for one in heads.values() if newest_of(one[1]) == oldest]
        if not oldest:
            # Not a revision but news of one stream: that it stands, or why it ended.
            taken = taken[:1]
        for one in taken:
            self._held.remove(one)
        return taken

    async def _hold(self) -> None:
        """Take at least one answer from the streams; of several all of a moment.

        Raises:
            TimeoutError: nobody said anything for long.
        """
        if not self._held:
            async with asyncio.timeout(SILENT_S):
                self._keep(await self._inbox.get())
        if len(self._streams) > 1 and self._held:
            loop = asyncio.get_running_loop()
            until = loop.time() + JOIN_S
            try:
                async with asyncio.timeout_at(until):
                    while True:
                        self._keep(await self._inbox.get())
            except TimeoutError:
                return

    def _keep(self, told: Told | None) -> None:
        """Hold what a stream said, if it is one of those we have."""
        if told is not None and told[0] in self._streams:
            self._held.append(told)

    async def _plan(
        self, client: Client, scopes: Mapping[Key, Scope], inner: set[Key]
    ) -> list[Range]:
        """Return the ranges to watch."""
        spans = [self._namespace.range(one, inner=one in inner) for one in scopes]
        if len(spans) == 1 or self.is_split:
            return grouped(spans, max(self._most, MOST_STREAMS))
        whole = covering(spans)
        ours = sum(one.count for one in scopes.values())
        body = wire.range_body(whole.key, whole.end, count=True)
        answer = await client.call("/v3/kv/range", body, wire.RangeAnswer)
        foreign = answer.count - ours
        if foreign > FOREIGN_KEYS and answer.count > FOREIGN_TIMES * ours:
            return grouped(spans)
        return [whole]

    def _floor(self, span: Range, scopes: Mapping[Key, Scope]) -> int:
        """Return the revision up to which all in *span* is told."""
        return min(
            scope.floor
            for prefix, scope in scopes.items()
            if span.holds(self._namespace.range(prefix, inner=True))
        )


def is_long_ago(when: float) -> bool:
    """Tell whether a stream that said nothing since then is to be asked after."""
    return asyncio.get_running_loop().time() - when >= SILENT_S
