"""Compare, stage and install, on a real file system."""

import os
import stat
from pathlib import Path

import pytest

from confwatch.disk.compare import compare
from confwatch.disk.names import proven_path
from confwatch.disk.stage import stage
from confwatch.errors import DiskError
from confwatch.model.steps import digest_of
from tests.support.files import brought, hidden, rendered

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="needs another owner")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "web.conf"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_0644_whatever_the_umask(path: Path) -> None:
    before = os.umask(0o077)
    try:
        brought(rendered({path: b"new"}))
    finally:
        os.umask(before)
    assert path.read_bytes() == b"new"
    assert mode(path) == 0o644


def test_a_replaced_file_keeps_its_mode(path: Path) -> None:
    path.write_bytes(b"old")
    path.chmod(0o640)
    brought(rendered({path: b"new"}))
    assert mode(path) == 0o640


def test_a_declared_mode_alone_is_a_difference(path: Path) -> None:
    path.write_bytes(b"same")
    path.chmod(0o640)
    assert compare(rendered({path: b"same"})).differing == ()
    brought(rendered({path: b"same"}, mode=0o600))
    assert mode(path) == 0o600


@ROOT_ONLY
def test_owner_and_group_are_kept_or_as_declared(path: Path) -> None:
    path.write_bytes(b"old")
    os.chown(path, 12, 34)
    brought(rendered({path: b"new"}))
    assert (path.stat().st_uid, path.stat().st_gid) == (12, 34)
    brought(rendered({path: b"new"}, owner="root", group=0))
    assert (path.stat().st_uid, path.stat().st_gid) == (0, 0)


def test_mode_and_owner_are_right_before_the_first_byte(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    write = os.write

    def watching(descriptor: int, content: bytes) -> int:
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return write(descriptor, content)

    monkeypatch.setattr(os, "write", watching)
    brought(rendered({path: b"secret"}, mode=0o600))
    assert seen == [0o600]


def test_file_and_folder_are_synced_in_this_order(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, rename = os.fsync, os.rename

    def syncing(descriptor: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file"
        done.append(f"sync {kind}")
        fsync(descriptor)

    def renaming(source: str, target: str) -> None:
        done.append("move")
        rename(source, target)

    monkeypatch.setattr(os, "fsync", syncing)
    monkeypatch.setattr(os, "rename", renaming)
    brought(rendered({path: b"new"}))
    assert done == ["sync file", "move", "sync folder"]


def test_the_target_is_never_anything_but_old_or_new(path: Path) -> None:
    path.write_bytes(b"old")
    before = path.stat().st_ino
    with path.open("rb") as reader:
        brought(rendered({path: b"new"}))
        assert reader.read() == b"old"
    assert path.stat().st_ino != before


def test_the_stage_stands_beside_the_target_with_its_ending(path: Path) -> None:
    with stage(compare(rendered({path: b"new"}))) as staged:
        (only,) = staged.files
        assert Path(only.path).parent == path.parent
        assert only.path.endswith("-web.conf")
        assert Path(only.path).name.startswith(".confwatch-")
        assert staged.paths == {str(path): only.path}
    assert hidden(path.parent) == []


def test_a_name_as_long_as_names_can_be_is_staged(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 250 + ".conf")
    brought(rendered({path: b"new"}))
    assert path.read_bytes() == b"new"


def test_what_is_a_folder_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(DiskError, match="not a regular file"):
        compare(rendered({path: b"x"}))


def test_a_fifo_holds_up_nobody(path: Path) -> None:
    os.mkfifo(path)
    with pytest.raises(DiskError, match="not a regular file"):
        compare(rendered({path: b"x"}))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DiskError, match="No such file or directory"):
        compare(rendered({tmp_path / "none/web.conf": b"x"}))


def test_an_unknown_owner_is_named(path: Path) -> None:
    with pytest.raises(DiskError, match="nobody here is named nosuch"):
        compare(rendered({path: b"x"}, owner="nosuch"))


def test_a_link_of_ours_is_written_through(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.conf"
    link.symlink_to("real/file.conf")
    brought(rendered({link: b"one"}))
    assert link.is_symlink()
    assert (tmp_path / "real/file.conf").read_bytes() == b"one"
    brought(rendered({link: b"two"}))
    assert link.is_symlink()
    assert link.read_bytes() == b"two"


@ROOT_ONLY
def test_a_link_of_somebody_else_is_not_followed(tmp_path: Path) -> None:
    link = tmp_path / "link.conf"
    link.symlink_to("victim")
    os.chown(link, 12, 34, follow_symlinks=False)
    with pytest.raises(DiskError, match="somebody else's"):
        compare(rendered({link: b"x"}))


def test_links_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(DiskError, match="too many links"):
        compare(rendered({tmp_path / "a": b"x"}))


def test_one_that_cannot_be_moved_takes_the_others_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, new, last = tmp_path / "first", tmp_path / "new", tmp_path / "last"
    first.write_bytes(b"old")
    rename = os.rename

    def refusing(source: str, target: str) -> None:
        if target == str(last):
            raise OSError(16, "Device or resource busy")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refusing)
    with pytest.raises(DiskError, match="cannot install"):
        brought(rendered({first: b"1", new: b"2", last: b"3"}))
    assert first.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"first"}


def test_the_proven_version_is_kept_before_anything_moves(path: Path) -> None:
    path.write_bytes(b"one")
    brought(rendered({path: b"two"}), {str(path): digest_of(b"one")})
    kept = Path(proven_path(str(path)))
    assert kept.read_bytes() == b"one"
    brought(rendered({path: b"three"}), {str(path): digest_of(b"one")})
    assert kept.read_bytes() == b"one", "two was never proven"
    brought(rendered({path: b"four"}), {str(path): digest_of(b"three")})
    assert kept.read_bytes() == b"three"
