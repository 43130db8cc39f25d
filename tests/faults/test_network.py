"""The wire to etcd: cut in the middle of an answer, slow, half closed, swallowing all."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from confwatch.errors import SourceError
from confwatch.model.events import Changed, Loaded
from confwatch.model.keys import Key
from confwatch.stores.etcd import client as client_module
from confwatch.stores.etcd.options import Options
from confwatch.stores.etcd.source import EtcdSource, EtcdSubscription
from tests.support.daemon import Confwatch, confwatch
from tests.support.etcd import EtcdServer
from tests.support.proxy import Proxy, proxy
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.daemon, pytest.mark.timeout(120)]

KEYS = {f"/a/{number:02}": b"x" * number for number in range(20)}
STEP = 173
"""Bytes between two cuts; a prime, so that they fall everywhere."""


@pytest.fixture
async def wire(etcd: EtcdServer) -> AsyncIterator[Proxy]:
    async with proxy(etcd.port) as made:
        yield made


@asynccontextmanager
async def watching(wire: Proxy) -> AsyncIterator[EtcdSubscription]:
    url = f"http://127.0.0.1:{wire.port}"
    how = Options((url,), Key("/prod"), url)
    async with EtcdSource(how).subscribe(frozenset({Key("/a")})) as subscription:
        yield subscription


def put_all(etcd: EtcdServer, mark: str = "") -> None:
    """Put all keys in one transaction."""
    puts = "\n".join(f'put /prod{k} "{mark}{v.decode()}"' for k, v in KEYS.items())
    etcd.ctl("txn", stdin=f"\n{puts}\n\n\n")


async def test_a_listing_cut_anywhere_is_an_error_and_never_half_a_picture(
    etcd: EtcdServer, wire: Proxy
) -> None:
    put_all(etcd)
    cut, whole = 0, False
    while not whole:
        wire.cut_after = cut
        async with watching(wire) as subscription, asyncio.timeout(20):
            try:
                told = await subscription.next()
            except SourceError:
                wire.cut_after = None
                told = await subscription.next()
            else:
                whole = True
        assert isinstance(told, Loaded)
        assert told.entries == KEYS, f"cut after {cut} bytes"
        cut += STEP
    assert cut > 5 * STEP


async def test_a_watch_cut_anywhere_goes_on_with_the_whole_transaction(
    etcd: EtcdServer, wire: Proxy
) -> None:
    cut, whole = 1, False
    while not whole:
        async with watching(wire) as subscription, asyncio.timeout(20):
            assert isinstance(await subscription.next(), Loaded)
            # Connections are kept: the cut counts from the stream's first byte.
            wire.tear()
            with pytest.raises(SourceError):
                await subscription.next()
            wire.cut_after = cut
            put_all(etcd, str(cut))
            failed, told = False, None
            while told is None:
                try:
                    told = await subscription.next()
                except SourceError:
                    failed = True
                    wire.cut_after = None
            whole = not failed
            wire.cut_after = None
        assert isinstance(told, Changed), f"cut after {cut} bytes"
        wanted = {key: str(cut).encode() + value for key, value in KEYS.items()}
        assert told.put == wanted, f"cut after {cut} bytes"
        cut += STEP
    assert cut > 5 * STEP


async def test_a_wire_that_gives_one_byte_at_a_time_is_just_slow(
    etcd: EtcdServer, wire: Proxy
) -> None:
    put_all(etcd)
    wire.piece = 1
    async with watching(wire) as subscription, asyncio.timeout(60):
        told = await subscription.next()
        assert isinstance(told, Loaded)
        assert told.entries == KEYS
        put_all(etcd, "new ")
        told = await subscription.next()
        assert isinstance(told, Changed)
        assert len(told.put) == len(KEYS)


async def test_an_answer_that_never_comes_is_given_up(
    etcd: EtcdServer, wire: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CALL_S", 0.3)
    put_all(etcd)
    wire.swallow = True
    async with watching(wire) as subscription, asyncio.timeout(20):
        with pytest.raises(SourceError, match="no answer in time"):
            await subscription.next()
        wire.swallow = False
        assert isinstance(await subscription.next(), Loaded)


@pytest.fixture
def program(tmp_path: Path, wire: Proxy) -> Iterator[Confwatch]:
    with confwatch(tmp_path, f"etcd://127.0.0.1:{wire.port}/prod") as running:
        running.template(
            "a.j2", '{% for p in gets("/a/*") %}{{ p.value }} {% endfor %}'
        )
        running.resource("a", "templates: [{src: a.j2, dest: OUT/a, keys: [/a]}]")
        yield running


async def test_a_half_closed_wire_is_an_outage_that_heals(
    program: Confwatch, etcd: EtcdServer, wire: Proxy
) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    program.start()
    await program.holds("a", "1 ")
    wire.half_close()
    etcd.ctl("put", "/prod/a/y", "2")
    await program.holds("a", "1 2 ")
    await program.logged("source.back")


async def test_a_wire_torn_again_and_again_loses_nothing(
    program: Confwatch, etcd: EtcdServer, wire: Proxy
) -> None:
    etcd.ctl("put", "/prod/a/x", "0")
    program.start()
    await program.holds("a", "0 ")
    for number in range(1, 6):
        wire.tear()
        etcd.ctl("put", "/prod/a/x", str(number))
        await program.holds("a", f"{number} ")
    # What was installed never was anything but one of these, in this order.
    assert wire.connections > 5


async def test_a_wire_that_swallows_everything_is_noticed_by_itself(
    program: Confwatch, etcd: EtcdServer, wire: Proxy
) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    program.start()
    await program.holds("a", "1 ")
    wire.swallow = True
    etcd.ctl("put", "/prod/a/x", "2")
    await until(lambda: program.lines("source.failed"), deadline_s=60)
    assert (program.out / "a").read_text() == "1 "
    wire.swallow = False
    await until(lambda: (program.out / "a").read_text() == "2 ", deadline_s=40)
