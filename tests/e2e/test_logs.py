"""The log: whoever reads it, slowly or no more, the daemon goes on."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]

PIPE_BYTES = 4096
FILLING = 15
"""Passes that log more than a pipe of that size holds."""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        running.template("a.j2", '{{ getv("/a", "-") }}\n')
        running.resource("a", "templates: [{src: a.j2, dest: OUT/a, keys: [/a]}]")
        yield running


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Return a narrow pipe; its writing end is the daemon's."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    yield reading, writing
    os.close(reading)


async def put_until_full(program: Confwatch) -> None:
    """Make passes whose lines no pipe holds."""
    for number in range(FILLING):
        (program.keys / "a").write_text(f"{number}\n")
        await program.holds("a", f"{number}\n")


def until_the_end(reading: int) -> list[bytes]:
    """Read all that is written until nobody writes any more."""
    with os.fdopen(os.dup(reading), "rb") as log:
        return log.read().splitlines()


async def test_a_reader_that_hangs_holds_up_neither_a_pass_nor_the_end(
    program: Confwatch, pipe: tuple[int, int]
) -> None:
    program.start(pipe[1])
    await put_until_full(program)
    assert program.status()["ready"]
    assert program.end() == 0


async def test_a_reader_that_wakes_up_gets_every_line(
    program: Confwatch, pipe: tuple[int, int]
) -> None:
    reading, writing = pipe
    program.start(writing)
    await put_until_full(program)
    process, program._process = program._process, None
    assert process is not None
    process.terminate()
    lines = [json.loads(line) for line in until_the_end(reading)]
    assert process.wait() == 0
    assert lines[-1]["event"] == "daemon.stopped"
    assert len([one for one in lines if one["event"] == "resource.installed"]) > 1


async def test_a_reader_that_is_gone_is_no_reason_to_end(
    program: Confwatch,
) -> None:
    reading, writing = os.pipe()
    program.start(writing)
    os.close(reading)
    await put_until_full(program)
    assert program.alive()
    assert program.end() == 0


async def test_a_log_on_a_full_disk_is_no_reason_to_end(program: Confwatch) -> None:
    program.start(os.open("/dev/full", os.O_WRONLY))
    await put_until_full(program)
    assert program.alive()
    assert program.end() == 0


def test_a_closed_stderr_is_no_reason_to_end(program: Confwatch) -> None:
    program.put("/a", "1")
    closed = ["sh", "-c", 'exec "$0" "$@" >&- 2>&-', *program.command("run", "--once")]
    assert subprocess.run(closed, check=False, timeout=15).returncode == 0
    assert (program.out / "a").read_text() == "1\n"
    # No other file took the place of the closed ones.
    assert (program.folder / "state/lock").read_text().strip().isdigit()


BUG = """
from structlog import get_logger
from confwatch.cli.logs import set_up
set_up("info", "FORM")
def buggy():
    password = "hunter2"
    raise KeyError("a bug")
try:
    buggy()
except KeyError as error:
    get_logger().error("resource.broken", exc_info=error)
"""


@pytest.mark.parametrize("form", ["json", "text"])
def test_a_traceback_tells_places_and_no_values(form: str) -> None:
    script = [sys.executable, "-c", BUG.replace("FORM", form)]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    assert "buggy" in done.stderr
    assert "a bug" in done.stderr
    assert "hunter2" not in done.stderr.replace('password = "hunter2"', "")
