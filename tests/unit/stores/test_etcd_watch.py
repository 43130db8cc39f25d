"""Several watches joined into one order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from confwatch.errors import SourceUnavailable
from confwatch.model.keys import ROOT, Key
from confwatch.stores.etcd.change import Scope
from confwatch.stores.etcd.ranges import Namespace
from confwatch.stores.etcd.stream import Stream
from confwatch.stores.etcd.watch import Watch
from confwatch.stores.etcd.witnesses import Witnesses
from confwatch.wire import etcd as wire

PREFIXES = (Key("/a"), Key("/b"))


def told(key: str, revision: int) -> wire.WatchAnswer:
    """Make an answer about one key."""
    pair = wire.KeyValue(key=key.encode(), value=b"x", mod_revision=revision, version=2)
    return wire.WatchAnswer(events=[wire.Event(pair)])


async def _for_ever() -> None:
    await asyncio.Event().wait()


class TwoStreams:
    """A watch over two prefixes, whose streams a test speaks for."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        namespace = Namespace(ROOT)
        self.scopes = {prefix: Scope(5, 1, 5) for prefix in PREFIXES}
        self.watch = Watch(namespace, group, Witnesses())
        self.streams = [Stream(namespace.range(one), 5, 5) for one in PREFIXES]
        self.watch._streams = {
            one: group.create_task(_for_ever()) for one in self.streams
        }

    def say(self, stream: int, what: wire.WatchAnswer | SourceUnavailable) -> None:
        """Let one stream tell something."""
        self.watch._inbox.put_nowait((self.streams[stream], what))

    async def heard(self) -> list[str]:
        """Return the keys of the next event."""
        event = await self.watch.next(self.scopes)
        return [] if event is None else sorted(event.put)


@asynccontextmanager
async def two_streams() -> AsyncIterator[TwoStreams]:
    async with asyncio.TaskGroup() as group:
        made = TwoStreams(group)
        yield made
        await made.watch.stop()


async def test_an_older_answer_of_one_stream_comes_before_a_newer_of_another() -> None:
    async with two_streams() as on:
        on.say(0, told("/a/k", 10))
        on.say(1, told("/b/x", 9))
        on.say(1, told("/b/k", 10))
        assert await on.heard() == ["/b/x"]
        assert await on.heard() == ["/a/k", "/b/k"]


async def test_an_error_is_told_whatever_the_others_say() -> None:
    async with two_streams() as on:
        on.say(0, wire.WatchAnswer(created=True))
        on.say(1, SourceUnavailable("etcd:", "the watch ended"))
        assert await on.heard() == []
        with pytest.raises(SourceUnavailable):
            await on.heard()
