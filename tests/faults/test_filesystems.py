"""Targets on every kind of disk an operator has."""

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.files import brought, hidden, rendered
from tests.support.mounts import USER_12_READS, mount, mounted
from tests.support.waiting import until

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]

ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
WEB = """
templates: [{src: web.j2, dest: OUT/web, keys: [/web]}]
reload: {run: cat OUT/web >> OUT/../loaded, min_interval: 0s}
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Confwatch]:
    """A program with one target."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    with confwatch(tmp_path) as running:
        running.template("web.j2", '{{ getv("/web") }}\n')
        running.resource("web", WEB.replace("OUT/..", str(tmp_path)))
        running.put("/web", "1")
        yield running


@pytest.mark.parametrize("kind", ["tmpfs", "overlay", "folder mounted", "/dev/shm"])
async def test_a_target_is_installed_kept_and_put_right(
    program: Confwatch, kind: str
) -> None:
    with ExitStack() as open_:
        _prepared(program, kind, open_)
        program.start()
        await program.holds("web", "1\n")
        await until(lambda: _loaded(program) == "1\n")
        (program.out / "web").write_text("by hand\n")
        await program.holds("web", "1\n")
        (program.out / "web").unlink()
        await program.holds("web", "1\n")
        program.put("/web", "2")
        await program.holds("web", "2\n")
        await until(lambda: _loaded(program).endswith("2\n"))
        assert program.end() == 0
        assert hidden(program.out) == []


def _prepared(program: Confwatch, kind: str, open_: ExitStack) -> None:
    """Put a file system under the targets; one of an overlay is in its lower layer."""
    if kind == "tmpfs":
        open_.enter_context(mounted(program.out, "-t", "tmpfs", "none"))
    elif kind == "overlay":
        for name in ("lower", "upper", "work"):
            (program.folder / name).mkdir()
        (program.folder / "lower/web").write_text("of the image\n")
        layers = ",".join(
            f"{name}dir={program.folder}/{name}" for name in ("lower", "upper", "work")
        )
        open_.enter_context(
            mounted(program.out, "-t", "overlay", "overlay", "-o", layers)
        )
    elif kind == "folder mounted":
        (program.folder / "behind").mkdir()
        behind = str(program.folder / "behind")
        open_.enter_context(mounted(program.out, "--bind", behind))
    else:
        shm = Path("/dev/shm") / program.folder.name
        if not os.access("/dev/shm", os.W_OK):
            pytest.skip("has no /dev/shm")
        shm.mkdir()
        open_.callback(subprocess.run, ["rm", "-r", str(shm)], check=True)
        program.out.rmdir()
        program.out.symlink_to(shm)


async def test_a_read_only_disk_is_told_and_healed_once_it_is_not(
    program: Confwatch,
) -> None:
    with mounted(program.out, "-t", "tmpfs", "none"):
        program.start()
        await program.holds("web", "1\n")
        await until(lambda: _loaded(program) == "1\n")
        assert mount("-o", "remount,ro", str(program.out))
        program.put("/web", "2")
        (failed, *_) = await program.logged("resource.failed")
        assert failed["error"].endswith("Read-only file system")
        assert (program.out / "web").read_text() == "1\n"
        assert mount("-o", "remount,rw", str(program.out))
        await program.holds("web", "2\n")
        assert program.end() == 0


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Return a folder whose files can have access lists."""
    probe = tmp_path / "probe"
    probe.touch()
    try:
        os.setxattr(probe, ACCESS, USER_12_READS)
    except OSError:
        pytest.skip("this file system has no access lists")
    return tmp_path


def test_an_access_list_is_kept_and_none_is_taken_from_the_folder(listed: Path) -> None:
    path = listed / "web"
    brought(rendered({path: b"one"}))
    os.setxattr(path, ACCESS, USER_12_READS)
    brought(rendered({path: b"two"}))
    assert os.getxattr(path, ACCESS) == USER_12_READS
    assert path.stat().st_mode & 0o777 == 0o640
    plain = listed / "plain"
    brought(rendered({plain: b"one"}))
    os.setxattr(listed, DEFAULT, USER_12_READS)
    brought(rendered({plain: b"two"}))
    assert ACCESS not in os.listxattr(plain)
    assert plain.read_bytes() == b"two"


def test_an_attribute_that_cannot_be_kept_is_told_and_nothing_is_touched(
    listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = listed / "web"
    brought(rendered({path: b"one"}))
    os.setxattr(path, "user.origin", b"by hand")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "")

    monkeypatch.setattr(os, "setxattr", full)
    with pytest.raises(Exception, match=r"cannot keep the attributes of .*No space"):
        brought(rendered({path: b"two"}))
    assert path.read_bytes() == b"one"
    assert hidden(listed) == []


def test_a_full_disk_spoils_nothing_of_what_is_written_in_place(
    tmp_path: Path,
) -> None:
    """The file is on a disk of its own, which is full; its folder is not."""
    small, target = tmp_path / "small", tmp_path / "web"
    small.mkdir()
    target.touch()
    with mounted(small, "-t", "tmpfs", "-o", "size=16k", "none"):
        (small / "web").write_bytes(b"before")
        (small / "stuffing").write_bytes(b"x" * 3 * 4096)
        with mounted(target, "--bind", str(small / "web")):
            with pytest.raises(Exception, match="No space left"):
                brought(rendered({target: b"x" * 5000}))
            assert (small / "web").read_bytes() == b"before"
            (small / "stuffing").unlink()
            brought(rendered({target: b"x" * 5000}))
            assert (small / "web").read_bytes() == b"x" * 5000
            assert hidden(tmp_path) == []


@pytest.mark.parametrize("pair", [False, True], ids=["alone", "with another"])
async def test_a_file_that_may_be_written_in_a_folder_that_may_not(
    program: Confwatch, pair: bool
) -> None:
    """As in a container whose root is read-only, with a file mounted into it."""
    behind, other = program.folder / "behind", program.folder / "other"
    behind.write_text("of the image\n")
    if pair:
        more = "templates: [{src: web.j2, dest: OUT/../other}, "
        program.resource(
            "web",
            WEB.replace("templates: [", more).replace("OUT/..", str(program.folder))
            + "check_at: installed\ncheck: '! grep -q bad OUT/web'\n",
        )
    with mounted(program.out, "-t", "tmpfs", "none"), ExitStack() as open_:
        (program.out / "web").touch()
        open_.enter_context(mounted(program.out / "web", "--bind", str(behind)))
        assert mount("-o", "remount,ro", str(program.out))
        program.start()
        await until(lambda: behind.read_text() == "1\n")
        await until(lambda: _loaded(program) == "1\n")
        behind.write_text("by hand\n")
        await until(lambda: behind.read_text() == "1\n")
        if pair:
            program.put("/web", "bad")
            await program.logged("resource.put_back")
            assert (behind.read_text(), other.read_text()) == ("1\n", "1\n")
        program.put("/web", "2")
        await until(lambda: behind.read_text() == "2\n")
        assert program.end() == 0
    assert [*(program.folder / "tmp").iterdir()] == []


def _loaded(program: Confwatch) -> str:
    path = program.folder / "loaded"
    return path.read_text() if path.exists() else ""
