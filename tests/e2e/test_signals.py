"""Signals at any moment: in the middle of the start, of a reading, of a command."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.files import hidden
from tests.support.waiting import until

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]

PLAIN = "templates: [{src: a.j2, dest: OUT/%s, keys: [/a]}]\n"
HANGS = PLAIN + (
    "check: \"trap 'touch OUT/%s.term; sleep 300' TERM; touch OUT/%s.hangs; sleep 300\"\n"
)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        running.template("a.j2", '{{ getv("/a", "-") }}\n')
        running.resource("a", PLAIN % "a")
        yield running


def waits(program: Confwatch, number: signal.Signals) -> bool:
    """Tell whether the daemon is so far that a signal is kept for later."""
    assert program._process is not None
    status = Path(f"/proc/{program._process.pid}/status").read_text()
    (mask,) = (line for line in status.splitlines() if line.startswith("SigBlk:"))
    return bool(int(mask.split()[1], 16) >> (number - 1) & 1)


async def test_a_hangup_during_the_start_is_a_reading_more(program: Confwatch) -> None:
    program.start()
    await until(lambda: waits(program, signal.SIGHUP))
    assert not program.lines("daemon.started")
    for _ in range(3):
        program.send(signal.SIGHUP)
    await program.logged("config.read", 2)
    assert program.alive()
    assert program.end() == 0


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR2])
async def test_an_end_during_the_start_is_a_clean_one(
    program: Confwatch, how: signal.Signals
) -> None:
    program.start()
    await until(lambda: waits(program, how))
    assert not program.lines("daemon.started")
    assert program.end(how) == 0
    assert program.lines("daemon.stopped")


async def test_hangups_in_a_row_end_in_what_is_declared_last(
    program: Confwatch,
) -> None:
    program.start()
    await program.logged("config.read")
    for name in "bcde":
        program.resource(name, PLAIN % name)
        program.send(signal.SIGHUP)
    for name in "bcde":
        await program.holds(name, "-\n")
    assert program.end() == 0


async def test_a_hangup_while_commands_hang_goes_on_with_the_others(
    program: Confwatch,
) -> None:
    for name in "bcdef":
        program.resource(name, HANGS % (name, name, name))
    program.start()
    await until(lambda: all((program.out / f"{n}.hangs").exists() for n in "bcdef"))
    for name in "bcdef":
        program.resource(name, PLAIN % name)
    program.send(signal.SIGHUP)
    # Each of them ignores TERM: one after the other would take five times as long.
    for name in "bcdef":
        await program.holds(name, "-\n")
    assert hidden(program.out) == []
    assert program.end() == 0


async def test_an_end_does_not_wait_for_a_reading_that_ends_commands(
    program: Confwatch,
) -> None:
    (program.folder / "conf/confwatch.yaml").write_text("stop_commands_timeout: 1s\n")
    program.resource("b", HANGS % ("b", "b", "b"))
    program.start()
    await until((program.out / "b.hangs").exists)
    program.resource("b", PLAIN % "b")
    program.send(signal.SIGHUP)
    await until((program.out / "b.term").exists)
    assert program.end() == 0
    assert len(program.lines("config.read")) == 1
    assert program.lines("daemon.stopped")
