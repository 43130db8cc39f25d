"""Links on the way to a target, and what may be found at its end."""

import os
import socket
from pathlib import Path

import pytest

from confwatch.disk.compare import compare
from confwatch.disk.install import install
from confwatch.disk.links import way_to
from confwatch.disk.names import proven_path, stage_path, stages_among
from confwatch.disk.present import digest, mark_of
from confwatch.disk.stage import stage
from confwatch.errors import DiskError
from confwatch.model.steps import Checked
from tests.support.files import brought, rendered

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs another owner")


def test_a_way_names_each_look_up_and_each_link(tmp_path: Path) -> None:
    (tmp_path / "release" / "etc").mkdir(parents=True)
    (tmp_path / "current").symlink_to("./release")
    (tmp_path / "release/conf").symlink_to("../current/etc")
    way = way_to(f"{tmp_path}/current//conf/../etc/web")
    here = str(tmp_path)
    assert way.end == f"{here}/release/etc/web"
    assert (way.lacking, way.links) == (
        1,
        (f"{here}/current", f"{here}/release/conf", f"{here}/current"),
    )
    names = [(folder.removeprefix(here), name) for folder, name in way.steps]
    assert names[-8:] == [
        ("", "current"),
        ("", "release"),
        ("/release", "conf"),
        ("", "current"),
        ("", "release"),
        ("/release", "etc"),
        ("/release", "etc"),
        ("/release/etc", "web"),
    ]


@ROOT_ONLY
@pytest.mark.parametrize("foreign", ["link", "folder of the link"])
def test_a_foreign_link_in_the_middle_leads_nowhere(
    tmp_path: Path, foreign: str
) -> None:
    home, victim = tmp_path / "home", tmp_path / "victim"
    home.mkdir()
    victim.mkdir()
    (home / "conf").symlink_to(victim)
    mine = home if foreign == "folder of the link" else home / "conf"
    os.chown(mine, 12, 34, follow_symlinks=False)
    for dest in ("conf/web", "conf/new/web"):
        made = rendered({home / dest: b"x"}, make_dirs=True)
        with pytest.raises(DiskError, match="somebody else's"):
            compare(made)
    assert list(victim.iterdir()) == []


def test_a_link_of_ours_in_the_middle_is_followed(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("release")
    made = rendered({tmp_path / "current/etc/web": b"x"}, make_dirs=True)
    brought(made)
    assert (tmp_path / "release/etc/web").read_bytes() == b"x"
    assert (tmp_path / "current").is_symlink()


def test_folders_are_readable_whatever_the_umask_and_go_if_nothing_came(
    tmp_path: Path,
) -> None:
    before = os.umask(0o077)
    try:
        with stage(compare(rendered({tmp_path / "a/b/web": b"x"}, make_dirs=True))):
            assert (tmp_path / "a/b").stat().st_mode & 0o7777 == 0o755
        assert not (tmp_path / "a").exists()
        brought(rendered({tmp_path / "a/b/web": b"x"}, make_dirs=True))
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "a/b/web").read_bytes() == b"x"


@ROOT_ONLY
def test_folders_belong_to_whom_the_file_does(tmp_path: Path) -> None:
    brought(rendered({tmp_path / "a/b/web": b"x"}, make_dirs=True, owner=12, group=34))
    found = (tmp_path / "a").stat()
    assert (found.st_uid, found.st_gid) == (12, 34)


@ROOT_ONLY
def test_a_folder_that_hands_its_group_down_does(tmp_path: Path) -> None:
    os.chown(tmp_path, 0, 34)
    tmp_path.chmod(0o2755)
    brought(rendered({tmp_path / "a/web": b"x"}, make_dirs=True))
    assert (tmp_path / "a").stat().st_mode & 0o7777 == 0o2755
    assert (tmp_path / "a/web").stat().st_gid == 34


def test_each_folder_is_synced_into_the_one_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def watching(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watching)
    brought(rendered({tmp_path / "a/b/web": b"x"}, make_dirs=True))
    folders = [path for path in synced if Path(path).is_dir()]
    assert folders == [str(tmp_path), str(tmp_path / "a"), str(tmp_path / "a/b")]


def strange(path: Path, kind: str) -> None:
    """Make what is no file."""
    if kind == "a folder":
        path.mkdir()
    elif kind == "a FIFO":
        os.mkfifo(path)
    elif kind == "a socket":
        with socket.socket(socket.AF_UNIX) as one:
            one.bind(str(path))
    elif os.geteuid() == 0:
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
    else:
        pytest.skip("needs to make a device, as root")


@pytest.mark.parametrize("kind", ["a folder", "a FIFO", "a socket", "a device"])
def test_what_is_no_file_is_named_never_opened_never_replaced(
    tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "x"
    strange(path, kind)
    before = mark_of(path.lstat())
    assert digest(str(path)) is None
    with pytest.raises(DiskError, match=f"cannot replace .*: it is {kind}, not"):
        brought(rendered({path: b"x"}))
    path.rename(tmp_path / "aside")
    with stage(compare(rendered({path: b"x"}))) as staged:
        # It came while a check looked at the stage.
        (tmp_path / "aside").rename(path)
        with pytest.raises(DiskError, match=f"it is {kind}"):
            install(Checked(staged), proven={})
    assert mark_of(path.lstat()) == before or kind == "a folder"
    assert [one.name for one in tmp_path.iterdir()] == ["x"]


@pytest.mark.parametrize("linked", [False, True])
def test_a_path_that_leads_elsewhere_meanwhile_is_refused(
    tmp_path: Path, linked: bool
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "web").write_bytes(b"before")
    way = tmp_path / ("current" if linked else "one")
    if linked:
        way.symlink_to("one")
    with stage(compare(rendered({way / "web": b"x"}))) as staged:
        way.rename(tmp_path / "old")
        way.symlink_to("two")
        with pytest.raises(DiskError, match="its path leads elsewhere now"):
            install(Checked(staged), proven={})
        if not linked:
            way.unlink()
            (tmp_path / "old").rename(way)
    for name in ("one", "two"):
        assert [one.name for one in (tmp_path / name).iterdir()] == ["web"]
        assert (tmp_path / name / "web").read_bytes() == b"before"


def test_names_that_end_alike_are_told_apart(tmp_path: Path) -> None:
    one, two = (str(tmp_path / (first + "n" * 250 + ".txt")) for first in "ab")
    assert proven_path(one) != proven_path(two)
    stage_name = Path(stage_path(one)).name
    assert stages_among([stage_name], [one]) == [stage_name]
    assert stages_among([stage_name], [two]) == []
    assert stage_name.endswith(".txt")


def test_a_long_name_is_cut_between_characters(tmp_path: Path) -> None:
    path = tmp_path / ("x" + "ü" * 127)
    assert len(os.fsencode(path.name)) == 255
    brought(rendered({path: b"one"}))
    assert path.read_bytes() == b"one"
    stage_path(str(path)).encode("utf-8")
    assert len(os.fsencode(Path(stage_path(str(path))).name)) < 143
