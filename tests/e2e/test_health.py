"""Services of the real program, announced for as long as their checks pass."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.waiting import until

pytestmark = pytest.mark.daemon

EDGE = """
templates: [{src: edge.j2, dest: OUT/edge, keys: [/edge]}]
services:
  - name: edge
    id: edge-1
    address: 10.0.0.5
    port: 8080
    FIELDS
    checks:
"""
LOOKS = "      - {file: OUT/well, interval: 100ms, fall: 2}\n"
RUNS = (
    "      - {exec: [/bin/sh, -c, SCRIPT], warn_codes: [1], interval: 100ms, fall: 2}\n"
)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        running.template("edge.j2", '{{ getv("/edge") }}\n')
        running.put("/edge", "1")
        yield running


def declare(program: Confwatch, *checks: str, fields: str = "weight: 1") -> None:
    program.resource("edge", EDGE.replace("FIELDS", fields) + "".join(checks))


def record(program: Confwatch) -> Path:
    return program.keys / "services/edge/edge-1"


def status(program: Confwatch) -> str:
    """Return what the record says; "" where none stands."""
    try:
        return str(json.loads(record(program).read_text())["status"])
    except FileNotFoundError:
        return ""


async def test_a_service_comes_and_goes_with_its_health(program: Confwatch) -> None:
    declare(program, LOOKS)
    program.start()
    await program.logged("registration.down")
    assert not record(program).exists()
    (program.out / "well").touch()
    await until(lambda: status(program) == "passing")
    (program.out / "well").unlink()
    await until(lambda: not record(program).exists())
    assert program.end() == 0


async def test_a_service_that_is_down_may_stay_and_say_so(program: Confwatch) -> None:
    declare(program, LOOKS, fields="on_down: mark")
    (program.out / "well").touch()
    program.start()
    await until(lambda: status(program) == "passing")
    (program.out / "well").unlink()
    await until(lambda: status(program) == "critical")
    assert program.end() == 0
    assert not record(program).exists()


async def test_a_warning_is_announced_without_what_was_said(program: Confwatch) -> None:
    script = '"echo secret words; test ! -e OUT/slow"'
    declare(program, RUNS.replace("SCRIPT", script))
    program.start()
    await until(lambda: status(program) == "passing")
    (program.out / "slow").touch()
    await until(lambda: status(program) == "warning")
    assert "secret" not in record(program).read_text()
    assert program.end() == 0


async def test_reading_conf_d_again_keeps_the_verdict(program: Confwatch) -> None:
    declare(program, LOOKS.replace("100ms", "1h"))
    (program.out / "well").touch()
    program.start()
    await until(lambda: status(program) == "passing")
    # Begun anew, the check would fail now, and be without a verdict until then.
    (program.out / "well").unlink()
    declare(program, LOOKS.replace("100ms", "1h"), fields="weight: 2")
    program.send(signal.SIGHUP)
    await until(lambda: '"weight":2' in record(program).read_text())
    assert len(program.lines("registration.up")) == 1
    assert len(program.lines("registration.checking")) == 1


async def test_a_check_that_hangs_holds_up_no_stop(program: Confwatch) -> None:
    script = "\"trap '' TERM; touch OUT/hangs; while :; do sleep 1; done\""
    declare(program, RUNS.replace("SCRIPT", script), fields="initial: up")
    program.start()
    await until(lambda: status(program) == "passing")
    await until((program.out / "hangs").exists)
    assert program.end() == 0
    assert not record(program).exists()
