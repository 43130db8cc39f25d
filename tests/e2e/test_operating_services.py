"""What an operator sees of services, and does to them, with the real program."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.waiting import until

EDGE = """
templates: [{src: edge.j2, dest: OUT/edge, keys: [/edge]}]
reload: "true"
services:
  - name: edge
    id: edge-1
    address: 10.0.0.5
    port: 8080
    ttl: 3s
    drain: {wait: 300ms, file: OUT/drain}
    checks: [{file: OUT/well, interval: 100ms, timeout: 100ms, rise: 1, fall: 1}]
  - {name: plain, id: "odd:id", address: 10.0.0.6, port: 80, ttl: 3s}
"""
pytestmark = pytest.mark.daemon


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        running.template("edge.j2", '{{ getv("/edge") }}\n')
        running.resource("edge", EDGE)
        running.put("/edge", "1")
        (running.out / "well").touch()
        yield running


def record(program: Confwatch, name: str = "edge/edge-1") -> Path:
    return program.keys / "services" / name


async def stands(program: Confwatch, *, here: bool = True) -> None:
    await until(lambda: record(program).exists() is here)


def row(program: Confwatch, name: str) -> dict[str, Any]:
    """Return what ``services --json`` says of one."""
    told = json.loads(program.run("services", "--json").stdout)
    (found,) = (one for one in told if one["name"] == name)
    return dict(found)


async def test_services_tells_where_each_stands(program: Confwatch) -> None:
    program.start()
    await program.logged("registration.up", 2)
    done = program.run("services")
    assert done.returncode == 0
    assert b"edge/edge-1" in done.stdout
    edge = row(program, "edge")
    assert (edge["state"], edge["resource"], edge["losses"]) == ("up", "edge", 0)
    assert edge["key"] == "/services/edge/edge-1"
    assert edge["confirmed_s"] >= 0
    (program.out / "well").unlink()
    await program.logged("registration.down")
    done = program.run("services")
    assert done.returncode == 1
    assert b"down" in done.stdout
    assert b"No such file" in done.stdout


async def test_a_drain_withdraws_stays_over_a_restart_and_is_taken_back(
    program: Confwatch,
) -> None:
    program.start()
    await program.logged("registration.up", 2)
    assert program.run("drain", "edge").returncode == 0
    assert not record(program).exists()
    assert record(program, "plain/odd:id").exists()
    assert program.run("services").returncode == 0, "drained is as it should be"
    program.end(signal.SIGUSR2)
    program.start()
    await until(lambda: len(program.lines("registration.up")) >= 3)
    assert row(program, "edge")["state"] == "drained"
    assert not record(program).exists()
    assert program.run("undrain", "edge-1").returncode == 2
    assert program.run("undrain", "edge").returncode == 0
    await stands(program)


async def test_names_are_taken_as_they_are(program: Confwatch) -> None:
    program.start()
    await program.logged("registration.up", 2)
    for word in ("plain/odd:id", "main:plain/odd:id"):
        assert program.run("drain", word).returncode == 0
        assert program.run("undrain", word).returncode == 0
    done = program.run("drain", "no such?/service#")
    assert done.returncode == 2
    assert b"no service 'no such?/service#'" in done.stderr
    assert b"NAME: is empty" in program.run("undrain", "").stderr


async def test_a_drain_file_withdraws_while_it_exists(program: Confwatch) -> None:
    program.start()
    await program.logged("registration.up", 2)
    (program.out / "drain").touch()
    await stands(program, here=False)
    assert row(program, "edge")["why"].endswith("drain exists")
    (program.out / "drain").unlink()
    await stands(program)


async def test_a_stop_withdraws_waits_and_only_then_ends(program: Confwatch) -> None:
    program.start()
    await program.logged("registration.up", 2)
    program.send(signal.SIGTERM)
    await program.logged("registrations.draining")
    assert not record(program).exists()
    assert program.alive()
    await program.logged("daemon.stopped")
    assert program.end(signal.SIGCONT) == 0


async def test_a_stop_may_leave_the_records_for_the_next_start(
    program: Confwatch,
) -> None:
    (program.folder / "conf/confwatch.yaml").write_text("on_stop: keep\n")
    program.start()
    await program.logged("registration.up", 2)
    before = record(program).stat().st_mtime_ns
    program.end()
    program.start()
    await program.logged("registration.up", 4)
    assert record(program).stat().st_mtime_ns == before
