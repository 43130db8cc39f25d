"""Leases in a folder that anybody may write to, and lookers that sleep."""

import json
import os
from pathlib import Path

import pytest

from confwatch.contracts import Claim
from confwatch.errors import LeaseLost, SourceUnavailable
from confwatch.model.keys import Key
from confwatch.model.service import Record
from confwatch.stores.dir import reaper as reaper_module
from confwatch.stores.dir.reaper import Reaper
from confwatch.stores.dir.registrar import DirRegistrar

KEY = Key("/services/web/1")
RECORD, OTHER = Record(KEY, b"1"), Record(Key("/services/web/2"), b"2")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    (folder / ".confwatch/leases").mkdir(parents=True)
    return folder


def lease(root: Path, name: str, *keys: str, ttl: float = 3, beat: int = 0) -> Path:
    """Write a lease as another program would."""
    path = root / ".confwatch/leases" / name
    path.write_text(json.dumps({"ttl": ttl, "keys": keys, "beat": beat}))
    return path


def record(root: Path, key: str, value: str = "1") -> Path:
    path = root / key[1:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value + "\n")
    return path


def looked(root: Path, *moments: float, most_s: float = 9.0) -> Reaper:
    """Look at these moments."""
    reaper = Reaper(str(root))
    for now in moments:
        reaper.look(now, most_s)
    return reaper


def test_nothing_in_the_folder_of_leases_stops_the_looks(root: Path) -> None:
    dead, gone = lease(root, "m", KEY), record(root, KEY)
    folder = root / ".confwatch/leases"
    (folder / "a-folder").mkdir()
    os.mkfifo(folder / "a-pipe")
    (folder / "deep").write_text("[" * 100_000)
    (folder / "garbage").write_bytes(b"\xff{")
    (folder / "loop").symlink_to("loop")
    (folder / "zero").symlink_to("/dev/zero")
    (folder / "words").write_text('{"ttl": "soon", "keys": 1}')
    looked(root, 0, 4)
    assert not dead.exists()
    assert not gone.exists()


def test_a_lease_dies_once_it_stood_still_for_its_ttl(root: Path) -> None:
    path, gone = lease(root, "x", KEY, ttl=3), record(root, KEY)
    reaper = looked(root, 0, 2)
    lease(root, "x", KEY, ttl=3, beat=1)
    for now in (3, 5):
        reaper.look(now, 9)
        assert path.exists()
    lease(root, "x", KEY, "/services/web/2", ttl=3, beat=1)  # written, but no beat
    reaper.look(7, 9)
    assert not path.exists()
    assert not gone.exists()


def test_a_looker_that_slept_ends_nobody_for_that(root: Path) -> None:
    path = lease(root, "x", KEY, ttl=3)
    reaper = looked(root, 0, 1, 100, most_s=1.5)
    assert path.exists(), "its owner may have slept as well"
    lease(root, "x", KEY, ttl=3, beat=1)
    reaper.look(101, 1.5)
    for now in (102, 103, 104):
        reaper.look(now, 1.5)
        assert path.exists()
    reaper.look(105, 1.5)
    assert not path.exists()


def test_a_dead_lease_takes_no_record_of_a_living_one(root: Path) -> None:
    """As where a lease came back with a backup."""
    dead, living = lease(root, "dead", KEY), lease(root, "living", KEY, ttl=99)
    stands = record(root, KEY)
    looked(root, 0, 4)
    assert not dead.exists()
    assert living.exists()
    assert stands.exists()


def test_one_record_that_cannot_be_removed_keeps_no_other(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = lease(root, "x", KEY, OTHER.key)
    stuck, gone = record(root, KEY), record(root, OTHER.key)
    unlink = os.unlink

    def refusing(name: str) -> None:
        if name == str(stuck):
            raise PermissionError(13, "Permission denied", name)
        unlink(name)

    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refusing)
        reaper = looked(root, 0, 4)
    assert stuck.exists()
    assert path.exists(), "for another try"
    assert not gone.exists()
    reaper.look(5, 9)
    assert not stuck.exists()
    assert not path.exists()


def test_a_folder_without_leases_is_not_looked_through_again(root: Path) -> None:
    reaper = looked(root, 0)
    path = lease(root, "x", KEY)
    path.unlink()
    assert not reaper.is_empty(), "another may come in the same tick of the clock"
    reaper.look(1, 9)
    assert not reaper.is_empty()
    os.utime(path.parent, (1, 1))
    assert not reaper.is_empty()
    reaper.look(2, 9)
    assert reaper.is_empty()
    path = lease(root, "x", KEY)
    assert not reaper.is_empty()
    path.chmod(0)
    reaper.look(3, 9)
    os.utime(path.parent, (1, 1))
    assert not reaper.is_empty(), "it may be read later"


async def test_many_leases_are_looked_at_as_seldom_as_that_costs(root: Path) -> None:
    reaper = looked(root, 0)
    assert reaper._rest_s() == reaper_module.LOOK_S
    lease(root, "x", KEY, ttl=2)
    reaper.look(1, 9)
    assert reaper._rest_s() == pytest.approx(0.4)
    lease(root, "x", KEY, ttl=-1, beat=1)
    reaper.look(2, 9)
    assert reaper._rest_s() == reaper_module.LEAST_LOOK_S


async def test_who_was_reaped_writes_nothing_any_more(root: Path) -> None:
    async with DirRegistrar(str(root)).open(3, None) as session:
        await session.put(RECORD, Claim.SAME)
        looked(root, 0, 4)
        assert not (root / KEY[1:]).exists()
        for work in (
            session.renew,
            session.recall,
            lambda: session.put(OTHER, Claim.ANY),
            lambda: session.withdraw(KEY),
        ):
            with pytest.raises(LeaseLost):
                await work()
        assert not (root / OTHER.key[1:]).exists()
    assert list((root / ".confwatch/leases").iterdir()) == []


async def test_a_record_whose_lease_file_vanished_is_taken_as_it_is(
    root: Path,
) -> None:
    registrar = DirRegistrar(str(root))
    async with registrar.open(3, None) as session:
        await session.put(RECORD, Claim.SAME)
        (root / ".confwatch/leases" / session.state.lease).unlink()
        with pytest.raises(LeaseLost):
            await session.renew()
    before = (root / KEY[1:]).stat()
    async with registrar.open(3, session.state) as again:
        assert again.standing == {}
        assert await again.put(RECORD, Claim.FREE)
        assert (root / KEY[1:]).stat() == before, "no watcher is told"
    assert not (root / KEY[1:]).exists()


async def test_what_was_taken_from_a_lease_does_not_come_back_to_it(
    root: Path,
) -> None:
    registrar = DirRegistrar(str(root))
    async with registrar.open(3, None) as taker:
        async with registrar.open(3, None) as loser:
            await loser.put(RECORD, Claim.SAME)
            before = (root / KEY[1:]).stat()
            await taker.put(RECORD, Claim.SAME)
            assert (root / KEY[1:]).stat() == before, "the same bytes are not written"
            await loser.put(OTHER, Claim.SAME)
            assert await loser.recall() == {OTHER.key}
        assert (root / KEY[1:]).exists()
        assert await taker.recall() == {KEY}


async def test_who_announces_only_looks_after_the_others_too(root: Path) -> None:
    dead, gone = lease(root, "dead", OTHER.key, ttl=0), record(root, OTHER.key)
    async with DirRegistrar(str(root)).open(3, None) as session:
        await session.renew()
        await session.renew()
        assert not dead.exists()
        assert not gone.exists()


async def test_a_store_that_went_is_not_made_by_announcing(
    root: Path, tmp_path: Path
) -> None:
    async with DirRegistrar(str(root)).open(3, None) as session:
        await session.put(RECORD, Claim.SAME)
        root.rename(tmp_path / "away")
        for work in (session.renew, lambda: session.put(OTHER, Claim.SAME)):
            with pytest.raises(SourceUnavailable):
                await work()
        assert not root.exists()
        (tmp_path / "away").rename(root)
        await session.renew()
        assert session.standing == {KEY: RECORD.digest}


async def test_a_write_that_failed_is_in_doubt_and_found_by_the_next(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with DirRegistrar(str(root)).open(3, None) as session:
        with monkeypatch.context() as patch:

            def full(descriptor: int) -> None:
                raise OSError(28, "No space left on device")

            patch.setattr(os, "fsync", full)
            with pytest.raises(SourceUnavailable, match="No space left"):
                await session.put(RECORD, Claim.SAME)
        assert session.standing == {}
        assert await session.put(RECORD, Claim.SAME)
        assert session.standing == {KEY: RECORD.digest}
