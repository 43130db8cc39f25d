"""Large pictures of a real etcd: all of one moment, and in few requests."""

import http.client
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from confwatch.model.events import Loaded
from confwatch.model.keys import ROOT, Key
from confwatch.stores.etcd import listing
from confwatch.stores.etcd.options import Options
from confwatch.stores.etcd.source import EtcdSource
from tests.support.etcd import EtcdServer
from tests.support.kv import Kv

pytestmark = pytest.mark.real

PIECE = 100


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EtcdServer]:
    with EtcdServer(tmp_path / "etcd") as running:
        yield running


def fill(server: EtcdServer, values: Mapping[str, str]) -> None:
    """Put all of it, some at a time."""
    kv, pairs = Kv(server.port), list(values.items())
    for at in range(0, len(pairs), PIECE):
        kv.txn(dict(pairs[at : at + PIECE]))


def reads(server: EtcdServer) -> int:
    """Count the reads that etcd was asked for so far, alone and in transactions."""
    client = http.client.HTTPConnection("127.0.0.1", server.port)
    client.request("GET", "/metrics")
    lines = client.getresponse().read().decode().splitlines()
    client.close()
    kinds = ('grpc_method="Range"', 'grpc_method="Txn"')
    return sum(
        int(float(line.rpartition(" ")[2]))
        for line in lines
        if line.startswith("grpc_server_started_total")
        and any(kind in line for kind in kinds)
    )


async def loaded(server: EtcdServer, *prefixes: str) -> dict[str, str]:
    """Return the first picture."""
    source = EtcdSource(Options((server.url,), ROOT, "etcd"))
    async with source.subscribe(frozenset(map(Key, prefixes))) as subscription:
        event = await subscription.next()
    assert isinstance(event, Loaded)
    return {key: value.decode() for key, value in event.entries.items()}


async def test_many_prefixes_are_read_in_few_requests(server: EtcdServer) -> None:
    """Some hold more than the first look at them shows, some nothing at all."""
    names = [f"/r{number:03}" for number in range(150)]
    large = dict.fromkeys(names[::50], 3 * listing.FEW)
    values = {
        f"{name}/{number:03}": f"{name} {number}"
        for name in names[:-1]
        for number in range(large.get(name, 2))
    }
    fill(server, {**values, "/r001-x/1": "beside", "/other": "x"})
    before = reads(server)
    assert await loaded(server, *names) == values
    groups = -(-len(names) // listing.TOGETHER)
    assert reads(server) - before <= groups + len(large)


async def test_many_keys_are_read_in_few_requests(server: EtcdServer) -> None:
    """Etcd counts all that is behind a page, for each page."""
    values = {f"/app/{number:05}": f"{number}" for number in range(20_000)}
    fill(server, values)
    before = reads(server)
    assert await loaded(server, "/app") == values
    assert reads(server) - before == 2
