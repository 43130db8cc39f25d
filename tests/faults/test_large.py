"""Much at once: lines beyond any bound, transactions and leases of many keys."""

import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from confwatch.errors import SourceUnavailable
from confwatch.model.events import Changed, Loaded
from confwatch.model.keys import Key
from confwatch.stores.etcd import client as client_module
from confwatch.stores.etcd import stream as stream_module
from confwatch.stores.etcd.options import Options
from confwatch.stores.etcd.source import EtcdSource
from confwatch.stores.etcd.writer import opened
from tests.contract.stores import options
from tests.faults.test_etcd import event, survived
from tests.support.etcd import EtcdServer
from tests.support.kv import Kv
from tests.support.servers import free_port, require

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

APP = frozenset({Key("/a")})


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[EtcdServer]:
    with EtcdServer(tmp_path / "etcd", "--max-txn-ops=2000") as server:
        yield server


async def test_a_line_longer_than_any_may_be_leads_to_the_whole_picture(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "MAX_LINE_BYTES", 2_000_000)
    large = b"x" * 1_000_000
    async with EtcdSource(options(etcd)).subscribe(APP) as subscription:
        await event(subscription)
        etcd.kill()
        etcd.start()
        async with opened(options(etcd)) as writer:
            for number in range(4):
                await writer.put(Key(f"/a/{number}"), large)
        told, errors = await survived(subscription)
        assert isinstance(told, Loaded)
        assert set(told.entries.values()) == {large}
        assert len(told.entries) == 4
        assert any("a line of more than" in one.problem for one in errors)
        etcd.ctl("put", "/prod/a/0", "1")
        told, _ = await survived(subscription)
        assert isinstance(told, Changed)


async def test_a_transaction_of_many_keys_is_one_event(etcd: EtcdServer) -> None:
    keys = [f"/a/{number}" for number in range(1000)]
    async with EtcdSource(options(etcd)).subscribe(APP) as subscription:
        await event(subscription)
        Kv(etcd.port).txn({f"/prod{key}": "1" for key in keys})
        told = await event(subscription)
        assert isinstance(told, Changed)
        assert set(told.put) == set(keys)


async def test_a_lease_that_ends_takes_all_its_keys_at_once(etcd: EtcdServer) -> None:
    lease = etcd.ctl("lease", "grant", "600").split()[1]
    keys = [f"/a/{number}" for number in range(300)]
    puts = "\n".join(f"put --lease={lease} /prod{key} 1" for key in keys)
    etcd.ctl("txn", stdin=f"\n{puts}\n\n\n")
    async with EtcdSource(options(etcd)).subscribe(APP) as subscription:
        loaded = await event(subscription)
        assert isinstance(loaded, Loaded)
        assert len(loaded.entries) == 300
        etcd.ctl("lease", "revoke", lease)
        told = await event(subscription)
        assert isinstance(told, Changed)
        assert told.gone == set(keys)
        # And what it stands for afterwards is known again.
        etcd.kill()
        etcd.start()
        etcd.ctl("put", "/prod/a/0", "1")
        again, _ = await survived(subscription)
        assert isinstance(again, Changed)
        assert again.put == {"/a/0": b"1"}


async def test_more_prefixes_than_a_transaction_has_room_for_are_known_again(
    etcd: EtcdServer,
) -> None:
    cover = frozenset(Key(f"/p{number}") for number in range(200))
    Kv(etcd.port).txn({f"/prod{prefix}/x": "1" for prefix in cover})
    async with EtcdSource(options(etcd)).subscribe(cover) as subscription:
        await event(subscription)
        etcd.kill()
        etcd.start()
        etcd.ctl("put", "/prod/p150/x", "2")
        told, _ = await survived(subscription)
        assert isinstance(told, Changed)
        assert told.put == {"/p150/x": b"2"}


async def test_an_address_of_version_six_is_asked(tmp_path: Path) -> None:
    url = "http://[::1]:{}"
    port = free_port()
    server = subprocess.Popen(
        [
            require("etcd"),
            f"--data-dir={tmp_path / 'six'}",
            f"--listen-client-urls={url.format(port)}",
            f"--advertise-client-urls={url.format(port)}",
            "--listen-peer-urls=http://127.0.0.1:0",
            "--log-level=error",
            "--unsafe-no-fsync",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        how = Options((url.format(port),), Key("/prod"), "etcd://[::1]")
        async with EtcdSource(how).subscribe(APP) as subscription:
            told, _ = await survived(subscription)
            assert isinstance(told, Loaded)
    finally:
        server.kill()
        server.wait()


async def test_a_name_that_is_not_known_is_an_outage(etcd: EtcdServer) -> None:
    unknown = "http://store.invalid:2379"
    async with EtcdSource(replace(options(etcd), endpoints=(unknown,))).subscribe(
        APP
    ) as subscription:
        with pytest.raises(SourceUnavailable, match="cannot connect"):
            await event(subscription)
    async with EtcdSource(
        replace(options(etcd), endpoints=(unknown, etcd.url))
    ).subscribe(APP) as subscription:
        assert isinstance(await event(subscription), Loaded)


async def test_a_name_server_that_hangs_holds_up_neither_another_nor_the_end(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CONNECT_S", 0.3)
    may_end, real = threading.Event(), socket.getaddrinfo

    def hanging(host: str, *args: int, **more: int) -> object:
        if host == "hangs.invalid":
            may_end.wait(30)
            raise socket.gaierror(-3, "Temporary failure in name resolution")
        return real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", hanging)
    how = replace(options(etcd), endpoints=("http://hangs.invalid:1", etcd.url))
    async with EtcdSource(how).subscribe(APP) as subscription:
        assert isinstance(await event(subscription), Loaded)
    threads = [one for one in threading.enumerate() if one.name == "aside"]
    assert threads
    assert all(one.daemon for one in threads)
    may_end.set()
    for one in threads:
        one.join()
