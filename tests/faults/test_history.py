"""An etcd that is not what it was: wiped, restored, and then written past what we saw."""

from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from confwatch.model.events import Changed, Loaded, StoreEvent
from confwatch.model.keys import Key
from confwatch.stores.etcd.source import EtcdSource, EtcdSubscription
from tests.contract.stores import options
from tests.faults.test_etcd import event, survived
from tests.support.etcd import EtcdServer
from tests.support.kv import Kv

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

COVER = frozenset({Key("/a"), Key("/b")})
BEYOND = 40
"""Revisions written by strangers, more than we have seen."""


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[EtcdServer]:
    with EtcdServer(tmp_path / "etcd") as server:
        yield server


def watching(
    etcd: EtcdServer, reconcile_s: float = 600.0
) -> AbstractAsyncContextManager[EtcdSubscription]:
    how = replace(options(etcd), reconcile_s=reconcile_s)
    return EtcdSource(how).subscribe(COVER)


def put(etcd: EtcdServer, *pairs: str) -> None:
    """Put each ``key=value`` at a revision of its own."""
    for pair in pairs:
        etcd.ctl("put", *f"/prod{pair}".split("="))


def pass_by(etcd: EtcdServer) -> None:
    """Write more revisions than anybody has seen."""
    kv = Kv(etcd.port)
    for number in range(BEYOND):
        kv.txn({f"/stranger/{number}": "1"}, ())


async def changed(subscription: EtcdSubscription) -> Changed:
    told = await event(subscription)
    assert isinstance(told, Changed)
    return told


def entries(told: StoreEvent) -> dict[Key, bytes]:
    assert isinstance(told, Loaded), told
    assert told.scope == COVER
    return dict(told.entries)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (["/a/x=1", "/a/x=2"], ["/b/new=1"]),
        (["/a/x=1", "/b/y=2"], ["/a/x=1", "/b/y=other"]),  # the same script once more
        (["/a/x=1", "/b/y=2"], ["/a/x=other", "/b/y=2"]),
        (["/a/x=1", "/b/y=2"], ["/b/y=2", "/a/x=1"]),
        (["/a/x=1"], []),
    ],
)
async def test_a_wiped_etcd_that_was_written_past_us_tells_its_whole_picture(
    etcd: EtcdServer, before: list[str], after: list[str]
) -> None:
    async with watching(etcd) as subscription:
        entries(await event(subscription))
        for pair in before:
            put(etcd, pair)
            await changed(subscription)
        etcd.kill()
        etcd.wipe()
        etcd.start()
        put(etcd, *after)
        pass_by(etcd)
        told, errors = await survived(subscription)
        assert entries(told) == {
            Key(key): value.encode()
            for key, value in (pair.split("=") for pair in after)
        }
        assert errors
        put(etcd, "/a/z=9")
        assert (await changed(subscription)).put == {"/a/z": b"9"}
        # The new one is known again as well.
        etcd.kill()
        etcd.start()
        put(etcd, "/a/z=10")
        told, _ = await survived(subscription)
        assert isinstance(told, Changed)


@pytest.mark.parametrize(
    "lost", [["put", "/prod/a/x", "2"], ["del", "/prod/a/x"], ["put", "/prod/b/n", "1"]]
)
async def test_an_etcd_restored_from_a_snapshot_and_written_past_us(
    etcd: EtcdServer, tmp_path: Path, lost: list[str]
) -> None:
    put(etcd, "/a/x=1", "/b/y=1")
    etcd.ctl("snapshot", "save", str(tmp_path / "snapshot"))
    async with watching(etcd) as subscription:
        entries(await event(subscription))
        etcd.ctl(*lost)
        await changed(subscription)
        etcd.kill()
        etcd.restore(tmp_path / "snapshot")
        etcd.start()
        pass_by(etcd)
        told, _ = await survived(subscription)
        assert entries(told) == {Key("/a/x"): b"1", Key("/b/y"): b"1"}


async def test_what_a_restored_etcd_was_told_before_we_looked_is_not_lost(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    put(etcd, "/a/x=1", "/b/y=1", "/b/z=1")
    etcd.ctl("snapshot", "save", str(tmp_path / "snapshot"))
    pass_by(etcd)
    async with watching(etcd) as subscription:
        entries(await event(subscription))
        etcd.kill()
        etcd.restore(tmp_path / "snapshot")
        etcd.start()
        etcd.ctl("del", "/prod/b/z")
        pass_by(etcd)
        pass_by(etcd)
        told, _ = await survived(subscription)
        assert entries(told) == {Key("/a/x"): b"1", Key("/b/y"): b"1"}


async def test_the_same_etcd_is_known_again(etcd: EtcdServer) -> None:
    put(etcd, "/a/x=1", "/b/y=1")
    async with watching(etcd) as subscription:
        entries(await event(subscription))
        etcd.ctl("del", "/prod/b/y")
        await changed(subscription)
        etcd.ctl("put", "/prod/a/large", stdin="x" * 900_000)
        await changed(subscription)
        for number in range(2):
            etcd.kill()
            etcd.start()
            pass_by(etcd)
            put(etcd, f"/a/x=again{number}")
            told, errors = await survived(subscription)
            assert isinstance(told, Changed)
            assert told.put == {"/a/x": f"again{number}".encode()}
            assert errors


async def test_after_an_outage_the_next_reconcile_reads_the_whole_picture(
    etcd: EtcdServer,
) -> None:
    put(etcd, "/a/x=1")
    async with watching(etcd, reconcile_s=0.0) as subscription:
        entries(await event(subscription))
        etcd.kill()
        etcd.start()
        told, _ = await survived(subscription)
        assert entries(told) == {Key("/a/x"): b"1"}
