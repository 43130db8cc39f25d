"""Targets that nothing can be moved over, and what a file has beside its bytes."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.files import hidden
from tests.support.waiting import until

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]

PAIR = """
templates:
  - {src: a.j2, dest: OUT/a, keys: [/app], mode: "0640"}
  - {src: a.j2, dest: OUT/b, keys: [/app]}
reload: {run: cat OUT/a OUT/b >> OUT/../reloads, min_interval: 0s}
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    """A program with two targets."""
    with confwatch(tmp_path) as running:
        running.template("a.j2", '{{ getv("/app/a") }}\n')
        running.resource("pair", PAIR)
        yield running


@pytest.fixture
def mounted(program: Confwatch) -> Iterator[Path]:
    """Return the file that is bind-mounted as the first target."""
    behind, target = program.folder / "behind", program.out / "a"
    behind.write_text("before\n" * 1000)
    target.touch()
    mount = ["mount", "--bind", str(behind), str(target)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("needs to mount a file, as root")
    try:
        yield behind
    finally:
        subprocess.run(["umount", "-l", str(target)], check=True)


async def test_a_bind_mounted_target_is_written_in_place(
    program: Confwatch, mounted: Path
) -> None:
    number = mounted.stat().st_ino
    program.put("/app/a", "one")
    program.start()
    await program.holds("a", "one\n")
    await until(lambda: _text(program.folder / "reloads") == "one\none\n")
    program.put("/app/a", "longer " * 100)
    await until(lambda: mounted.read_text() == "longer " * 100 + "\n")
    await program.holds("b", "longer " * 100 + "\n")
    assert mounted.stat().st_ino == number
    assert mounted.stat().st_mode & 0o777 == 0o640
    told = program.lines("target.in_place")
    assert [one["targets"] for one in told] == [[f"{program.out}/a"]]
    assert program.end() == 0
    assert [name for name in hidden(program.out) if "prev" not in name] == []


async def test_attributes_and_missing_folders(program: Confwatch) -> None:
    program.put("/app/a", "one")
    target = program.out / "a"
    target.write_text("before\n")
    try:
        os.setxattr(target, "user.origin", b"by hand")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    deep = f"  - {{src: a.j2, dest: {program.out}/x/y/c, make_dirs: true}}\n"
    program.resource("pair", PAIR.replace("reload:", deep + "reload:"))
    program.start()
    await program.holds("x/y/c", "one\n")
    await program.holds("a", "one\n")
    assert os.getxattr(target, "user.origin") == b"by hand"


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""
