"""A disk that is full, and has room again."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.files import hidden
from tests.support.waiting import until

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]

BLOCK = 4096
PAIR = """
templates:
  - {src: small.j2, dest: OUT/small, keys: [/size]}
  - {src: large.j2, dest: OUT/large, keys: [/size]}
reload: {run: echo x >> OUT/../reloads, min_interval: 0s}
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    """A program whose targets are on a disk of 16 blocks."""
    out = tmp_path / "out"
    out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={16 * BLOCK}", "none", str(out)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("needs to mount a small disk, as root")
    try:
        with confwatch(tmp_path) as running:
            running.template("small.j2", 'size {{ getv("/size") }}\n')
            running.template(
                "large.j2",
                "{% for i in range(atoi(getv('/size'))) %}\n0123456\n{% endfor %}\n",
            )
            running.resource("pair", PAIR)
            yield running
    finally:
        subprocess.run(["umount", "-l", str(out)], check=True)


async def test_a_full_disk_installs_nothing_and_room_heals_it(
    program: Confwatch,
) -> None:
    program.put("/size", "1")
    program.start()
    await program.holds("large", "0123456\n")
    await until((program.folder / "reloads").exists)
    # Room for the stage of the small file, and for most of the large one's.
    stuffing = program.out / "stuffing"
    stuffing.write_bytes(b"x" * (8 * BLOCK))
    program.put("/size", "4000")
    error = (await program.logged("resource.failed"))[0]["error"]
    assert error == f"cannot stage {program.out}/large: No space left on device"
    assert (program.out / "small").read_text() == "size 1\n"
    assert (program.out / "large").read_text() == "0123456\n"
    assert hidden(program.out) == []
    stuffing.unlink()
    await program.holds("large", "0123456\n" * 4000)
    await program.holds("small", "size 4000\n")


async def test_a_record_is_written_once_there_is_room_for_it(
    program: Confwatch,
) -> None:
    program.put("/size", "1")
    # The state is on the small disk; the targets are not.
    state = program.folder / "state"
    state.symlink_to(program.out / "state")
    (program.out / "state").mkdir()
    program.resource("pair", PAIR.replace("OUT/", "OUT/../"))
    (program.out / "stuffing").write_bytes(b"x" * (15 * BLOCK))
    program.start()
    await program.logged("record.failed")
    assert (program.folder / "large").read_text() == "0123456\n"
    assert program.alive()
    (program.out / "stuffing").unlink()
    await until((program.out / "state/proven/pair.json").exists)
    assert program.end() == 0
