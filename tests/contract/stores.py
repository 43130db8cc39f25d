"""The stores that keep one contract, each with a hand to change it from outside."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from confwatch.contracts import Registrar, Source, Subscription, Writer
from confwatch.mirror.mirror import Mirror
from confwatch.model.keys import ROOT, Key
from confwatch.stores.dir import source as dir_source
from confwatch.stores.dir.registrar import DirRegistrar
from confwatch.stores.dir.source import DirSource
from confwatch.stores.dir.writer import DirWriter
from confwatch.stores.etcd.options import Options
from confwatch.stores.etcd.registrar import EtcdRegistrar
from confwatch.stores.etcd.source import EtcdSource
from confwatch.stores.etcd.writer import opened
from tests.support.etcd import EtcdServer
from tests.support.fakes import FakeRegistrar, FakeSource


@dataclass(frozen=True, slots=True)
class Store:
    """One store under test.

    Attributes:
        source: its read side.
        writer: writes as somebody else would.
        registrar: its side for services; None where it has none.
    """

    source: Source
    writer: Writer
    registrar: Registrar | None


class FakeWriter:
    """Writes to the store in memory."""

    def __init__(self, source: FakeSource, registrar: FakeRegistrar) -> None:
        self._source = source
        self._registrar = registrar

    async def put(self, key: Key, value: bytes) -> None:
        """Set a key."""
        self._registrar.put(key, value)

    async def remove(self, key: Key, *, subtree: bool = False) -> int:
        """Remove a key, and all below it where asked."""
        below = self._source.picture(frozenset({key})).entries
        gone = below if subtree else [one for one in below if one == key]
        for one in gone:
            self._registrar.remove(one)
        return len(gone)


@asynccontextmanager
async def fake(_folder: Path) -> AsyncIterator[Store]:
    """Hold a store in memory."""
    source = FakeSource()
    registrar = FakeRegistrar(source)
    yield Store(source, FakeWriter(source, registrar), registrar)


@asynccontextmanager
async def folder(path: Path) -> AsyncIterator[Store]:
    """Hold a folder."""
    root = str(path / "store")
    Path(root).mkdir()
    yield Store(DirSource(root, poll=False), DirWriter(root), DirRegistrar(root))


@asynccontextmanager
async def polled_folder(path: Path) -> AsyncIterator[Store]:
    """Hold a folder of which the kernel tells nothing."""
    root = str(path / "store")
    Path(root).mkdir()
    patience = pytest.MonkeyPatch()
    patience.setattr(dir_source, "POLL_S", 0.05)
    try:
        yield Store(DirSource(root, poll=True), DirWriter(root), DirRegistrar(root))
    finally:
        patience.undo()


def options(server: EtcdServer, prefix: str = "/prod") -> Options:
    """Return how to reach a server."""
    return Options((server.url,), Key(prefix), f"etcd://127.0.0.1:{server.port}")


@asynccontextmanager
async def etcd(path: Path, prefix: str = "/prod") -> AsyncIterator[Store]:
    """Hold a real etcd."""
    with EtcdServer(path / "etcd") as server:
        how = options(server, prefix)
        async with opened(how) as writer:
            yield Store(EtcdSource(how), writer, EtcdRegistrar(how))


@asynccontextmanager
async def whole_etcd(path: Path) -> AsyncIterator[Store]:
    """Hold a real etcd, all of which is ours."""
    async with etcd(path, ROOT) as store:
        yield store


STORES: Mapping[str, Callable[[Path], AbstractAsyncContextManager[Store]]] = {
    "fake": fake,
    "folder": folder,
    "polled folder": polled_folder,
    "etcd": etcd,
    "whole etcd": whole_etcd,
}


class Reader:
    """Follows a subscription into a mirror.

    Attributes:
        mirror: what was told so far.
        events: how many events that took.
    """

    def __init__(self, subscription: Subscription, cover: frozenset[Key]) -> None:
        self.subscription = subscription
        self.mirror = Mirror("main")
        self.events = 0
        self._cover = cover

    def cover(self, *prefixes: str) -> None:
        """Ask for other prefixes."""
        self._cover = frozenset(map(Key, prefixes))
        self.mirror.narrow(self._cover)
        self.subscription.cover(self._cover)

    async def until(self, **expected: bytes) -> None:
        """Follow until just these keys are there; ``a__b`` is ``/a/b``."""
        wanted = {Key("/" + k.replace("__", "/")): v for k, v in expected.items()}
        await self.until_there(wanted)

    async def until_there(self, wanted: Mapping[Key, bytes]) -> None:
        """Follow until just these keys are there, and all is covered."""
        async with asyncio.timeout(10):
            while not self._holds(wanted):
                await self.step()

    async def step(self) -> None:
        """Take one event."""
        self.mirror.apply(await self.subscription.next())
        self.events += 1

    def _holds(self, wanted: Mapping[Key, bytes]) -> bool:
        there = all(
            (value := self.mirror.value(key)) is not None
            and value.encode("utf-8", "surrogateescape") == raw
            for key, raw in wanted.items()
        )
        covered = all(self.mirror.covers(prefix) for prefix in self._cover)
        return covered and there and self.mirror.count() == len(wanted)


@asynccontextmanager
async def reading(source: Source, *prefixes: str) -> AsyncIterator[Reader]:
    """Hold a reader of some prefixes."""
    cover = frozenset(map(Key, prefixes))
    async with source.subscribe(cover) as subscription:
        yield Reader(subscription, cover)
