"""A folder that goes, leads astray, is locked for ever, or cannot be watched."""

import asyncio
import ctypes
import fcntl
import json
import os
import shutil
from pathlib import Path

import pytest
from watchdog.observers import inotify_c

from confwatch.contracts import Claim
from confwatch.errors import SourceError, SourceUnavailable
from confwatch.model.events import Changed, Loaded, StoreEvent
from confwatch.model.keys import Key
from confwatch.model.service import Record
from confwatch.stores.dir import leases as leases_module
from confwatch.stores.dir import source as source_module
from confwatch.stores.dir import watching as watching_module
from confwatch.stores.dir.reaper import Reaper
from confwatch.stores.dir.registrar import DirRegistrar
from confwatch.stores.dir.source import DirSource, DirSubscription

APP = frozenset({Key("/app")})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a store with one key."""
    folder = tmp_path / "store"
    (folder / "app").mkdir(parents=True)
    (folder / "app/a").write_text("1\n")
    return folder


async def event(subscription: DirSubscription) -> StoreEvent:
    async with asyncio.timeout(15):
        return await subscription.next()


async def test_beats_do_not_put_off_the_look_at_everything(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "RESCAN_S", 0.5)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("1\n")
    (root / "app/b").symlink_to(elsewhere)  # the kernel tells nothing of what it holds

    async with (
        DirRegistrar(str(root)).open(30, None) as session,
        DirSource(str(root), poll=False).subscribe(APP) as subscription,
        asyncio.TaskGroup() as group,
    ):
        await session.put(Record(Key("/services/x"), b"1"), Claim.SAME)
        await event(subscription)

        async def beating() -> None:
            while True:
                await session.renew()
                await asyncio.sleep(0.05)

        beats = group.create_task(beating())
        elsewhere.write_text("2\n")
        value = None
        while value != b"2":  # a file just made may be told once more as it is
            told = await event(subscription)
            assert isinstance(told, Changed)
            value = told.put.get(Key("/app/b"))
        beats.cancel()


@pytest.mark.parametrize("key", ["/../victim", "/out/victim", "/a\0b", "relative"])
async def test_a_lease_removes_nothing_outside_of_its_store(
    root: Path, tmp_path: Path, key: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (root / "out").symlink_to(tmp_path)
    folder = root / ".confwatch/leases"
    folder.mkdir(parents=True)
    (folder / "x").write_text(json.dumps({"ttl": 0, "keys": [key, "/app/a"]}))
    reaper = Reaper(str(root))
    reaper.look(0.0, 9.0)
    reaper.look(1.0, 9.0)
    assert victim.exists()
    assert not (root / "app/a").exists()
    assert not (folder / "x").exists()


async def test_a_folder_made_anew_is_watched_anew(root: Path) -> None:
    async with DirSource(str(root), poll=False).subscribe(APP) as subscription:
        await event(subscription)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(event(subscription))
            await asyncio.sleep(0.05)
            shutil.rmtree(root)
            (root / "app").mkdir(parents=True)  # often with the very same number
            (root / "app/a").write_text("2\n")
        told: StoreEvent = waiting.result()
        while told.revision and not _holds(told, b"2"):
            told = await event(subscription)
        (root / "app/a").write_text("3\n")
        while not _holds(told, b"3"):
            told = await event(subscription)


def _holds(told: StoreEvent, value: bytes) -> bool:
    """Tell whether an event says that /app/a has this value."""
    entries = told.entries if isinstance(told, Loaded) else told.put
    return entries.get(Key("/app/a")) == value


async def test_another_folder_in_its_place_is_read_at_once(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source_module, "SAME_S", 0.1)
    (tmp_path / "next/app").mkdir(parents=True)
    (tmp_path / "next/app/a").write_text("2\n")
    link = tmp_path / "link"
    link.symlink_to(root)
    async with DirSource(str(link), poll=False).subscribe(APP) as subscription:
        assert _holds(await event(subscription), b"1")
        (tmp_path / "new").symlink_to(tmp_path / "next")
        (tmp_path / "new").replace(link)
        told = await event(subscription)
        assert isinstance(told, Loaded)
        assert _holds(told, b"2")
        (tmp_path / "next/app/a").write_text("3\n")
        while not _holds(told, b"3"):
            told = await event(subscription)


async def test_what_the_kernel_dropped_in_a_storm_is_found_after_it(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching_module, "STORM", 100)
    tell = watching_module._Listener._tell

    def dropping(self: watching_module._Listener, path: str, *, done: bool) -> None:
        if not path.endswith("/a"):
            tell(self, path, done=done)

    monkeypatch.setattr(watching_module._Listener, "_tell", dropping)
    async with DirSource(str(root), poll=False).subscribe(APP) as subscription:
        told = await event(subscription)
        (root / "app/a").write_text("2\n")
        for number in range(100):
            (root / f"app/n{number}").write_text("1\n")
        while not _holds(told, b"2"):
            told = await event(subscription)


async def test_links_that_lead_nowhere_are_no_keys(root: Path) -> None:
    (root / "app/loop").symlink_to("loop")
    (root / "app/gone").symlink_to("not-there")
    (root / "app/up").symlink_to("..")
    async with DirSource(str(root), poll=False).subscribe(APP) as subscription:
        told = await event(subscription)
        assert isinstance(told, Loaded)
        assert told.entries[Key("/app/a")] == b"1"
        assert not {"/app/loop", "/app/gone"} & told.entries.keys()


async def test_where_no_watch_is_left_the_folder_is_polled(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*_: object) -> int:
        ctypes.set_errno(28)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", none_left)
    monkeypatch.setattr(source_module, "POLL_S", 0.05)
    before = len([*Path("/proc/self/fd").iterdir()])
    async with DirSource(str(root), poll=False).subscribe(APP) as subscription:
        await event(subscription)
        (root / "app/a").write_text("2\n")
        told = await event(subscription)
        assert isinstance(told, Changed)
        assert told.put == {"/app/a": b"2"}
    assert len([*Path("/proc/self/fd").iterdir()]) <= before


async def test_a_lock_that_is_never_given_back_is_an_outage(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases_module, "LOCK_S", 0.1)
    async with DirRegistrar(str(root)).open(30, None) as session:
        await session.put(Record(Key("/services/x"), b"1"), Claim.SAME)
        with (root / ".confwatch/lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # as a frozen observer holds it
            with pytest.raises(SourceUnavailable, match="holds the lock"):
                await session.renew()
        await session.renew()


async def test_an_unreadable_file_is_an_error_and_not_a_missing_key(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "app/a").unlink()
    (root / "app/a").mkdir()
    (root / "app/a/inner").write_text("1\n")

    def refused(*_: object, **__: object) -> int:
        raise PermissionError(13, "Permission denied", str(root / "app/a/inner"))

    async with DirSource(str(root), poll=False).subscribe(APP) as subscription:
        monkeypatch.setattr(os, "open", refused)
        with pytest.raises(SourceError, match="Permission denied"):
            await event(subscription)
