"""Services announced by the real program into the embedded store."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.waiting import until

EDGE = """
templates: [{src: edge.j2, dest: OUT/edge, keys: [/edge]}]
reload: test ! -e OUT/sick
services:
  - {name: edge, id: edge-1, address: 10.0.0.5, port: 8080, tags: [v1], ttl: 3s}
"""
EXPECTED = (
    '{"v":1,"id":"edge-1","name":"edge","address":"10.0.0.5","port":8080,'
    '"protocol":"tcp","tags":["v1"],"meta":{},"weight":100,"status":"passing"}\n'
)


pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        running.template("edge.j2", '{{ getv("/edge") }}\n')
        running.resource("edge", EDGE)
        running.put("/edge", "1")
        yield running


def record(program: Confwatch) -> Path:
    return program.keys / "services/edge/edge-1"


def written(program: Confwatch) -> tuple[int, int]:
    """Return what changes when the record is written, be it with the same bytes."""
    found = record(program).stat()
    return found.st_ino, found.st_mtime_ns


async def test_a_service_is_announced_after_its_files_and_withdrawn_on_term(
    program: Confwatch,
) -> None:
    program.start()
    await program.logged("registration.up")
    assert record(program).read_text() == EXPECTED
    events = [line["event"] for line in program.lines()]
    assert events.index("resource.proven") < events.index("registration.up")
    assert program.end() == 0
    assert not record(program).exists()


async def test_renewing_never_touches_the_record(program: Confwatch) -> None:
    program.start()
    await program.logged("registration.up")
    before = written(program)
    lease = next((program.keys / ".confwatch/leases").glob("[!.]*"))
    beat = lease.read_text()
    await until(lambda: lease.read_text() != beat)
    assert written(program) == before


async def test_a_failed_reload_withdraws_and_a_good_one_announces_again(
    program: Confwatch,
) -> None:
    program.start()
    await program.logged("registration.up")
    (program.out / "sick").touch()
    program.put("/edge", "2")
    await program.logged("reload.failed")
    await until(lambda: not record(program).exists())
    (program.out / "sick").unlink()
    await until(record(program).exists)


@pytest.mark.parametrize("number", [signal.SIGUSR2, signal.SIGKILL])
async def test_a_restart_leaves_the_record_standing_and_adopts_it(
    program: Confwatch, number: signal.Signals
) -> None:
    program.start()
    await program.logged("registration.up")
    await until((program.folder / "state/leases.json").exists)
    before = written(program)
    program.end(number)
    assert written(program) == before
    program.start()
    await program.logged("registration.up", 2)
    assert written(program) == before
    assert json.loads(record(program).read_text())["id"] == "edge-1"
    program.end()
    assert not record(program).exists()


async def test_the_record_of_a_killed_daemon_goes_with_its_ttl(
    program: Confwatch, tmp_path: Path
) -> None:
    program.start()
    await program.logged("registration.up")
    program.end(signal.SIGKILL)
    (tmp_path / "observer").mkdir()
    with confwatch(tmp_path / "observer", program.store) as observer:
        observer.template("all.j2", '{{ ls("/services/edge") | join(" ") }}\n')
        observer.resource("all", "templates: [{src: all.j2, dest: OUT/all}]\n")
        observer.start()
        await observer.holds("all", "edge-1\n")
        await observer.holds("all", "\n")
    assert not record(program).exists()


@contextmanager
def another(program: Confwatch, folder: Path) -> Iterator[Confwatch]:
    """Hold another daemon over the same store."""
    folder.mkdir()
    with confwatch(folder, program.store) as running:
        running.template("edge.j2", '{{ getv("/edge") }}\n')
        yield running


async def test_who_slept_beyond_its_ttl_is_reaped_and_comes_back(
    program: Confwatch, tmp_path: Path
) -> None:
    with another(program, tmp_path / "observer") as observer:
        observer.resource("all", "templates: [{src: edge.j2, dest: OUT/all}]\n")
        observer.start()
        program.start()
        await program.logged("registration.up")
        program.send(signal.SIGSTOP)
        await until(lambda: not record(program).exists())
        program.send(signal.SIGCONT)
        await program.logged("registration.up", 2)
        assert record(program).read_text() == EXPECTED
        assert program.lines("registration.lost")


@pytest.mark.parametrize("conflict", ["takeover", "refuse"])
async def test_two_daemons_with_one_id_do_not_fight(
    program: Confwatch, tmp_path: Path, conflict: str
) -> None:
    block = EDGE.replace("ttl: 3s", f"ttl: 3s, conflict: {conflict}")
    program.resource("edge", block)
    with another(program, tmp_path / "other") as other:
        other.resource("edge", block.replace("tags: [v1]", "tags: [v2]"))
        program.start()
        await program.logged("registration.up")
        other.start()
        ended = "registration.up" if conflict == "takeover" else "registration.conflict"
        await other.logged(ended)
        before = written(program)
        winner = other if conflict == "takeover" else program
        loser = program if conflict == "takeover" else other

        def renewals() -> int:
            return int(winner.services()["edge-1"]["renewals"])

        count = renewals()
        await until(lambda: renewals() >= count + 3)
        assert written(program) == before
        loser.end()
        assert written(program) == before
