"""Services announced by the real program in a real etcd, every event counted."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.etcd import EtcdServer
from tests.support.kv import Kv
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.daemon, pytest.mark.timeout(90)]

BELOW = "/prod/services/"
EDGE = f"{BELOW}edge/e1"


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[EtcdServer]:
    with EtcdServer(tmp_path / "etcd") as server:
        yield server


@pytest.fixture
def kv(etcd: EtcdServer) -> Kv:
    return Kv(etcd.port)


def announce(
    program: Confwatch, *services: str, ttl: str = "6s", head: str = ""
) -> None:
    """Let a program announce these: ``{id: e1}`` and whatever else."""
    rest = f"name: edge, address: 10.0.0.5, port: 80, ttl: {ttl}"
    block = "".join(f"\n  - {{{rest}, {one}}}" for one in services)
    first = f"templates: [{{src: a.j2, dest: OUT/a, keys: [/a]}}]\n{head}"
    text = f"{first}\nservices:{block}\n"
    program.resource("a", text)


@pytest.fixture
def program(tmp_path: Path, etcd: EtcdServer) -> Iterator[Confwatch]:
    with confwatch(tmp_path, f"etcd://127.0.0.1:{etcd.port}/prod") as running:
        running.template("a.j2", '{{ getv("/a/x", "-") }}')
        announce(running, "id: e1")
        yield running


@pytest.fixture
def other(tmp_path: Path, program: Confwatch) -> Iterator[Confwatch]:
    """Return another daemon over the same store, not started yet."""
    (tmp_path / "other").mkdir()
    with confwatch(tmp_path / "other", program.store) as running:
        running.template("a.j2", "other")
        yield running


async def renewed(program: Confwatch, times: int = 2) -> None:
    """Wait until a lease was renewed so often from now on."""

    def count() -> int:
        return sum(one["renewals"] for one in program.services().values())

    before = count()
    await until(lambda: count() >= before + times, deadline_s=30)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGUSR2])
async def test_a_restart_within_the_ttl_is_no_event_at_all(
    program: Confwatch, kv: Kv, number: signal.Signals
) -> None:
    announce(program, *(f"id: e{n}" for n in range(20)))
    program.start()
    await program.logged("registration.up", 20)
    await until((program.folder / "state/leases.json").exists)
    before = kv.revision()
    program.end(number)
    program.start()
    await program.logged("registration.up", 40)
    await renewed(program)
    assert kv.revision() == before
    assert program.end() == 0
    assert {value for _, value in kv.history(BELOW, before + 1)} == {None}


async def test_renewals_and_a_reload_of_the_settings_move_no_revision(
    program: Confwatch, kv: Kv
) -> None:
    program.start()
    await program.logged("registration.up")
    before = kv.revision()
    await renewed(program)
    program.resource("b", "templates: [{src: a.j2, dest: OUT/b, keys: [/a]}]\n")
    program.send(signal.SIGHUP)
    await program.holds("b", "-")
    await renewed(program)
    assert kv.revision() == before


async def test_who_slept_beyond_its_ttl_is_gone_and_comes_back_once(
    program: Confwatch, etcd: EtcdServer, kv: Kv
) -> None:
    announce(program, "id: e1", ttl="3s")
    program.start()
    await program.logged("registration.up")
    before = kv.revision()
    program.send(signal.SIGSTOP)
    await until(lambda: not etcd.ctl("get", EDGE), deadline_s=30)
    program.send(signal.SIGCONT)
    await program.logged("registration.up", 2)
    await renewed(program)
    events = kv.history(BELOW, before + 1)
    assert [value is None for _, value in events] == [True, False]
    names = [line["event"] for line in program.lines()]
    again = len(names) - 1 - names[::-1].index("registration.up")
    assert "registration.lost" in names[:again]


async def test_a_revoked_lease_is_made_anew_with_all_its_records(
    program: Confwatch, etcd: EtcdServer, kv: Kv
) -> None:
    announce(program, "id: e1", "id: e2")
    program.start()
    await program.logged("registration.up", 2)
    before = kv.revision()
    (lease,) = etcd.ctl("lease", "list").splitlines()[1:]
    etcd.ctl("lease", "revoke", lease)
    await program.logged("registration.up", 4)
    await renewed(program)
    values = [value for _, value in kv.history(BELOW, before + 1)]
    assert [value is None for value in values] == [True, True, False, False]
    assert all(one["losses"] == 1 for one in program.services().values())


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_an_outage_within_the_ttl_moves_no_revision(
    program: Confwatch, etcd: EtcdServer, kv: Kv, how: str
) -> None:
    announce(program, "id: e1", ttl="30s")
    program.start()
    await program.logged("registration.up")
    before = kv.revision()
    if how == "killed":
        etcd.kill()
        await program.logged("source.failed")
        etcd.start()
    else:
        etcd.suspend()
        done = program.run("kv", "get", "/a/x")
        assert done.returncode != 0
        etcd.resume()
    await renewed(program)
    assert kv.revision() == before
    assert program.lines("registration.lost") == []


async def test_a_wiped_store_gets_every_record_again(
    program: Confwatch, etcd: EtcdServer, kv: Kv
) -> None:
    announce(program, "id: e1", "id: e2")
    program.start()
    await program.logged("registration.up", 2)
    etcd.kill()
    etcd.wipe()
    etcd.start()
    await program.logged("registration.up", 4)
    await renewed(program)
    assert len(kv.history(BELOW, 1)) == 2


async def test_a_restored_store_is_put_right_with_few_events(
    program: Confwatch, etcd: EtcdServer, kv: Kv, tmp_path: Path
) -> None:
    announce(program, "id: e1", "id: e2", "id: e3", ttl="30s")
    program.start()
    await program.logged("registration.up", 3)
    snapshot = tmp_path / "snapshot"
    etcd.ctl("snapshot", "save", str(snapshot))
    announce(program, "id: e1", "id: e2, weight: 7", ttl="30s")
    program.send(signal.SIGHUP)
    await until(lambda: '"weight":7' in etcd.ctl("get", f"{BELOW}edge/e2"))
    await until(lambda: not etcd.ctl("get", f"{BELOW}edge/e3"))
    etcd.kill()
    etcd.restore(snapshot)
    etcd.start()
    before = kv.revision()
    await until(
        lambda: '"weight":7' in etcd.ctl("get", f"{BELOW}edge/e2"), deadline_s=40
    )
    keys = {key for key, _ in kv.history(BELOW, before + 1)}
    assert EDGE not in keys, "it stood just so"


@pytest.mark.parametrize("conflict", ["takeover", "refuse"])
async def test_two_daemons_with_one_id_do_not_fight(
    program: Confwatch, other: Confwatch, kv: Kv, conflict: str
) -> None:
    rest = f"id: e1, conflict: {conflict}"
    announce(program, rest, ttl="3s")
    announce(other, f"{rest}, weight: 7", ttl="3s")
    program.start()
    await program.logged("registration.up")
    before = kv.revision()
    other.start()
    (loser, winner) = (program, other) if conflict == "takeover" else (other, program)
    if conflict == "takeover":
        await other.logged("registration.up")
    else:
        await other.logged("registration.conflict")
    await renewed(winner, 4)
    writes = [value for _, value in kv.history(BELOW, before + 1)]
    assert len(writes) == (1 if conflict == "takeover" else 0)
    assert winner.services()["e1"]["state"] == "up"
    before = kv.revision()
    assert loser.end() == 0
    assert kv.history(BELOW, before + 1) == [], "it was not the loser's to withdraw"


async def test_a_changed_id_stands_before_the_old_one_goes(
    program: Confwatch, kv: Kv
) -> None:
    program.start()
    await program.logged("registration.up")
    before = kv.revision()
    announce(program, "id: e2")
    program.send(signal.SIGHUP)
    new = f"{BELOW}edge/e2"
    await until(lambda: len(kv.history(BELOW, before + 1)) >= 2)
    events = kv.history(BELOW, before + 1)
    assert [key for key, _ in events] == [new, EDGE]
    assert events[1][1] is None


async def test_a_newcomer_waits_for_the_files_it_came_with(
    program: Confwatch, kv: Kv
) -> None:
    program.start()
    await program.logged("registration.up")
    flag = program.folder / "good"
    announce(program, "id: e1", "id: e2", head=f"check: test -e {flag}")
    program.template("a.j2", "new")
    before = kv.revision()
    program.send(signal.SIGHUP)
    await program.logged("resource.failed")
    await renewed(program)
    assert program.services()["e2"]["state"] == "gated"
    assert kv.history(BELOW, before + 1) == []
    flag.touch()
    await program.logged("registration.up", 2)
    assert {one["state"] for one in program.services().values()} == {"up"}


async def test_a_changed_ttl_never_leaves_nothing(program: Confwatch, kv: Kv) -> None:
    program.start()
    await program.logged("registration.up")
    before = kv.revision()
    announce(program, "id: e1", ttl="9s")
    program.send(signal.SIGHUP)
    await until(lambda: program.services()["e1"]["ttl_s"] == 9)
    await renewed(program, 1)
    assert None not in [value for _, value in kv.history(BELOW, before + 1)]


async def test_hundreds_of_services_are_held_by_one_lease_through_a_restart(
    program: Confwatch, etcd: EtcdServer, kv: Kv
) -> None:
    announce(program, *(f"id: e{n}" for n in range(300)), ttl="15s")
    program.start()
    await until(lambda: len(program.lines("registration.up")) >= 300, deadline_s=40)
    assert len(etcd.ctl("lease", "list").splitlines()) == 2
    before = kv.revision()
    program.end(signal.SIGKILL)
    program.start()
    await until(lambda: len(program.lines("registration.up")) >= 600, deadline_s=40)
    await renewed(program, 1)
    assert kv.revision() == before
