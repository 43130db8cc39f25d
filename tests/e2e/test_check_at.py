"""A check of installed files: it sees what includes others, and nothing it refuses stays."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.files import hidden
from tests.support.waiting import until

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]

PAIR = """
templates:
  - {src: main.j2, dest: OUT/main, keys: [/version]}
  - {src: part.j2, dest: OUT/part, keys: [/version]}
check: grep -q part {{ stages["OUT/main"] }} && cat OUT/part > OUT/checked; ! grep -q bad OUT/part
check_at: installed
reload: {run: "cat OUT/part >> OUT/loaded", min_interval: 0s}
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        running.template("main.j2", 'include part of {{ getv("/version") }}\n')
        running.template("part.j2", '{{ getv("/version") }}\n')
        running.resource("pair", PAIR)
        running.put("/version", "1")
        yield running


async def test_it_looks_at_the_targets_and_a_refusal_puts_all_of_them_back(
    program: Confwatch,
) -> None:
    program.start()
    await program.holds("loaded", "1\n")
    inode = (program.out / "main").stat().st_ino
    program.put("/version", "bad")
    (line,) = await program.logged("resource.put_back")
    assert line["targets"] == [str(program.out / "main"), str(program.out / "part")]
    assert (program.out / "checked").read_text() == "bad\n"
    assert (program.out / "part").read_text() == "1\n"
    assert (program.out / "main").stat().st_ino == inode
    assert hidden(program.out) == []
    (failed,) = program.status()["resources"]
    assert failed["state"] == "failed"
    program.put("/version", "2")
    await program.holds("loaded", "1\n2\n")
    assert (program.out / "main").read_text() == "include part of 2\n"
    assert program.lines("target.drifted") == []


async def test_a_file_that_was_not_there_is_not_there_again(program: Confwatch) -> None:
    program.put("/version", "bad")
    assert program.run("run", "--once").returncode == 1
    assert not (program.out / "part").exists()
    assert not (program.out / "main").exists()
    assert not (program.out / "loaded").exists()
    assert hidden(program.out) == []


async def test_a_stop_in_the_middle_of_it_puts_the_targets_back(
    program: Confwatch,
) -> None:
    program.start()
    await program.holds("loaded", "1\n")
    slow = PAIR.replace("check: ", "check: echo > OUT/begun; sleep 60; ")
    program.resource("pair", slow)
    program.send(signal.SIGHUP)
    program.put("/version", "2")
    await until((program.out / "begun").exists)
    assert (program.out / "part").read_text() == "2\n"
    program.send(signal.SIGTERM)
    # The second signal does not wait for the check.
    await program.logged("daemon.stopping")
    assert program.end() == 0
    assert (program.out / "part").read_text() == "1\n"
    assert hidden(program.out) == []


async def test_a_dry_run_runs_no_check(program: Confwatch) -> None:
    assert program.run("run", "--once").returncode == 0
    (program.out / "checked").unlink()
    assert program.run("render").returncode == 0
    program.put("/version", "2")
    assert program.run("render").returncode == 2
    assert not (program.out / "checked").exists()


@pytest.mark.parametrize("check", ["false", "true"])
async def test_killed_in_the_middle_of_the_very_first_check_what_was_there_counts(
    program: Confwatch, check: str
) -> None:
    (program.out / "main").write_text("of the package\n")
    killing = PAIR.replace("check: ", "check: kill -9 $PPID; ")
    program.resource("pair", killing)
    assert program.run("run", "--once").returncode == -signal.SIGKILL
    assert (program.out / "main").read_text() == "include part of 1\n"
    assert (program.out / "part").exists()
    program.resource("pair", PAIR.replace("check: ", f"check: {check}; exit $?; "))
    done = program.run("run", "--once")
    assert (done.returncode, b"resource.put_back" in done.stderr) == (
        int(check == "false"),
        True,
    )
    if check == "false":
        assert (program.out / "main").read_text() == "of the package\n"
        assert not (program.out / "part").exists()
        assert not (program.out / "loaded").exists()
    else:
        assert (program.out / "loaded").read_text() == "1\n"
    assert hidden(program.out) == []
