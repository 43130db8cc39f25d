"""Whatever leads a path elsewhere, or changes what it leads to, touches it."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from watchdog.observers import inotify_c

from confwatch.daemon import trails as module
from confwatch.daemon.trails import Trails
from tests.support.mounts import mounted

Act = Callable[[Path], object]


def turned(link: Path, pointed: str) -> None:
    """Point a link elsewhere in one step, as deployments do."""
    new = link.with_name("new-link")
    new.symlink_to(pointed)
    new.rename(link)


def remade(folder: Path) -> None:
    """Put another folder in the place of one."""
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "web").write_text("remade")


def moved_in(here: Path) -> None:
    """Move a file in from a folder that nobody watches."""
    (here / "aside").mkdir()
    (here / "aside/web").write_text("moved")
    (here / "aside/web").replace(here / "one/etc/web")


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Make two releases, a link to one of them, and a link in it."""
    for name in ("one", "two"):
        (tmp_path / name / "etc").mkdir(parents=True)
        (tmp_path / name / "etc/web").write_text(name)
        (tmp_path / name / "conf").symlink_to("etc")
    (tmp_path / "current").symlink_to("one")
    return tmp_path


async def settled(trails: Trails, path: str) -> None:
    """Follow the path until nothing is told of it any more."""
    while await trails.follow([path]):
        await asyncio.to_thread(lambda: None)
    for _ in range(20):
        await asyncio.sleep(0)
    trails.bell.clear()
    await trails.follow([path])


async def told(trails: Trails, path: str) -> None:
    """Wait until the path is touched."""
    async with asyncio.timeout(5):
        await trails.bell.wait()
    trails.bell.clear()
    assert path in await trails.follow([path])


ACTS: dict[str, list[Act]] = {
    "written": [lambda here: (here / "one/etc/web").write_text("x")],
    "chmoded": [lambda here: (here / "one/etc/web").chmod(0o600)],
    "deleted, made again": [
        lambda here: (here / "one/etc/web").unlink(),
        lambda here: (here / "one/etc/web").write_text("x"),
    ],
    "moved in": [moved_in],
    "linked in": [lambda here: (here / "two/etc/web").replace(here / "one/etc/web")],
    "turned, and written at the new place": [
        lambda here: turned(here / "current", "two"),
        lambda here: (here / "two/etc/web").write_text("x"),
        lambda here: turned(here / "two/conf", "../one/etc"),
        lambda here: (here / "one/etc/web").write_text("x"),
    ],
    "folder moved away and back": [
        lambda here: (here / "one/etc").rename(here / "one/old"),
        lambda here: (here / "one/old").rename(here / "one/etc"),
        lambda here: (here / "one/etc/web").write_text("x"),
    ],
    "folder made anew": [
        lambda here: remade(here / "one/etc"),
        lambda here: (here / "one/etc/web").write_text("x"),
    ],
    "folders made one by one": [
        lambda here: shutil.rmtree(here / "one"),
        lambda here: (here / "one").mkdir(),
        lambda here: (here / "one/conf").mkdir(),
        lambda here: (here / "one/conf/web").write_text("x"),
        lambda here: (here / "one/conf/web").write_text("y"),
    ],
}


@pytest.mark.parametrize("acts", ACTS.values(), ids=ACTS.keys())
async def test_a_path_is_touched_by_all_that_concerns_it(
    here: Path, acts: list[Act]
) -> None:
    path = str(here / "current/conf/web")
    with closing(Trails()) as trails:
        assert await trails.follow([path]) == {path}
        for act in acts:
            await settled(trails, path)
            act(here)
            await told(trails, path)


async def test_what_concerns_nobody_rings_for_nobody(here: Path) -> None:
    path = str(here / "current/conf/web")
    with closing(Trails()) as trails:
        await settled(trails, path)
        (here / "one/etc/.confwatch-00000000-web").write_text("x")
        (here / "one/etc/other").write_text("x")
        (here / "two/etc/web").write_text("x")
        (here / "three").mkdir()
        for _ in range(20):
            await asyncio.sleep(0)
        assert not trails.bell.is_set()


async def test_what_is_no_longer_followed_is_no_longer_watched(here: Path) -> None:
    with closing(Trails()) as trails:
        await trails.follow([str(here / "one/etc/web"), str(here / "two/etc/web")])
        await trails.follow([str(here / "two/etc/web")])
        await trails.follow([str(here / "two/etc/web"), "/none"])
        assert str(here / "one/etc") not in trails._watches
        assert len(trails._folders) == len({*trails._watches.values()})


async def test_events_that_the_kernel_drops_touch_everything(here: Path) -> None:
    path = str(here / "one/etc/web")
    with closing(Trails()) as trails:
        await settled(trails, path)
        limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        for number in range(limit // 2 + 2):
            # Two that differ, as the kernel joins what is alike.
            (here / "one/etc" / f"other-{number}").symlink_to("x")
            (here / "one/etc" / f"other-{number}").unlink()
        await told(trails, path)


async def test_without_watches_what_is_new_is_touched_all_the_same(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify_c, "inotify_init", lambda: -1)
    path = str(here / "one/etc/web")
    with closing(Trails()) as trails:
        assert await trails.follow([path]) == {path}
        assert await trails.follow([path]) == set()


@pytest.fixture
def alone(here: Path) -> Iterator[Path]:
    """Return a file that is mounted over the one in the first release."""
    behind = here / "behind it"
    behind.write_text("x")
    target = here / "one/etc/web"
    with mounted(target, "--bind", str(behind)):
        yield behind


async def test_a_file_mounted_alone_is_heard_where_it_comes_from(
    here: Path, alone: Path
) -> None:
    path = str(here / "current/conf/web")
    with closing(Trails()) as trails:
        await settled(trails, path)
        alone.write_text("y")
        await told(trails, path)


async def test_what_is_doubted_is_walked_anew(here: Path) -> None:
    path = str(here / "current/conf/web")
    with closing(Trails()) as trails:
        await settled(trails, path)
        with mounted(here / "one/etc", "-t", "tmpfs", "none") as unheard:
            trails.doubt([path, "/none"])
            await told(trails, path)
            await settled(trails, path)
            (unheard / "web").write_text("x")
            await told(trails, path)


def test_names_of_mounts_are_unescaped() -> None:
    assert module._plain(rb"/a\040b\134") == b"/a b\\"
