"""Writes keys to etcd by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from confwatch.model.keys import ROOT, Key
from confwatch.stores.etcd.client import Client, connected
from confwatch.stores.etcd.options import Options
from confwatch.stores.etcd.ranges import Namespace
from confwatch.wire import etcd as wire


class EtcdWriter:
    """What ``confwatch kv`` writes etcd through."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._namespace = Namespace(client.options.prefix)

    async def put(self, key: Key, value: bytes) -> None:
        """Set *key*; returns once a majority of etcd has it on disk.

        Raises:
            SourceUnavailable, SourceRejected: nothing is known to be written.
        """
        body = wire.put_body(self._namespace.raw(key), value)
        await self._client.call("/v3/kv/put", body, wire.TxnAnswer)

    async def remove(self, key: Key, *, subtree: bool = False) -> int:
        """Remove *key*, and all below it where asked; return how many keys went.

        Raises:
            SourceUnavailable, SourceRejected: some of them may still be there.
        """
        gone = 0
        if key != ROOT:
            gone += await self._remove(self._namespace.raw(key), b"")
        if subtree:
            below = self._namespace.range(key, inner=True)
            gone += await self._remove(below.key, below.end)
        return gone

    async def _remove(self, key: bytes, end: bytes) -> int:
        body = wire.range_body(key, end)
        path = "/v3/kv/deleterange"
        return (await self._client.call(path, body, wire.DeleteAnswer)).deleted


@asynccontextmanager
async def opened(options: Options) -> AsyncIterator[EtcdWriter]:
    """Hold a writer for the block."""
    async with connected(options) as client:
        yield EtcdWriter(client)
