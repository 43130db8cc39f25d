"""What outlives the process, and what keeps two of them apart."""

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from confwatch.errors import DiskError, LockHeld
from confwatch.model.keys import Key, Ref
from confwatch.model.records import Proven
from confwatch.model.service import LeaseState, Written
from confwatch.state.lock import locked
from confwatch.state.records import FileRecords

PROVEN = Proven(
    "web", {"/etc/\udcffx": "ab"}, 1.5, frozenset({Ref("main", Key("/a\udcfe"))})
)
WEB = Key("/services/web/1")
LEASE = LeaseState(
    "etcd://h:1", "77", 15.0, (WEB,), "boot", "host", {WEB: Written("ab", "12")}
)


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    records = FileRecords(tmp_path / "state")
    assert records.proven("web") is None
    assert records.leases() == {}
    records.save_proven(PROVEN)
    records.save_leases({"main": LEASE})
    again = FileRecords(tmp_path / "state")
    assert again.proven("web") == PROVEN
    assert again.leases() == {"main": LEASE}


def test_a_lease_without_digests_is_read_as_one_of_which_less_is_known(
    tmp_path: Path,
) -> None:
    records = FileRecords(tmp_path)
    records.save_leases({"main": LEASE})
    path = tmp_path / "leases.json"
    older = json.loads(path.read_text())
    del older["main"]["written"]
    path.write_text(json.dumps(older))
    assert records.leases() == {"main": replace(LEASE, written={})}


def test_no_name_leads_out_of_the_folder(tmp_path: Path) -> None:
    records = FileRecords(tmp_path / "state")
    records.save_proven(Proven("../../evil", {}, 0.0))
    assert records.proven("../../evil") is not None
    assert {path.name for path in tmp_path.iterdir()} == {"state"}


def test_what_makes_no_sense_is_set_aside(tmp_path: Path) -> None:
    records = FileRecords(tmp_path)
    records.save_proven(PROVEN)
    (path,) = (tmp_path / "proven").iterdir()
    path.write_text('{"resource": 1}')
    assert records.proven("web") is None
    assert path.with_name(path.name + ".bad").exists()


def test_what_a_crash_left_half_written_is_swept_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = FileRecords(tmp_path)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as cut:
        cut.setattr(os, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            records.save_proven(PROVEN)
        with pytest.raises(KeyboardInterrupt):
            records.save_leases({"main": LEASE})
    records.save_proven(PROVEN)
    assert len([*tmp_path.rglob(".*.new")]) == 2
    records.sweep()
    assert [*tmp_path.rglob(".*")] == []
    assert records.proven("web") == PROVEN


def test_a_folder_made_for_records_is_synced_into_the_one_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def watching(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watching)
    FileRecords(tmp_path).save_proven(PROVEN)
    assert [path for path in synced if path.is_dir()] == [
        tmp_path,
        tmp_path / "proven",
    ]


def test_only_we_may_read_them(tmp_path: Path) -> None:
    FileRecords(tmp_path / "state").save_leases({"main": LEASE})
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    assert (tmp_path / "state/leases.json").stat().st_mode & 0o077 == 0


def test_a_record_that_cannot_be_written_is_an_error_and_the_older_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = FileRecords(tmp_path)
    records.save_proven(PROVEN)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskError, match="No space left"):
        records.save_proven(Proven("web", {}, 2.0))
    assert records.proven("web") == PROVEN
    assert [path.name for path in (tmp_path / "proven").iterdir()] == ["web.json"]


def test_a_lock_is_held_once_and_names_its_holder(tmp_path: Path) -> None:
    with (
        locked(tmp_path),
        pytest.raises(LockHeld, match=f"process {os.getpid()}"),
        locked(tmp_path),
    ):
        pass
    with locked(tmp_path):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from confwatch.state.lock import locked\n"
        "with locked(Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    with locked(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(DiskError, match="cannot use the state folder"),
        locked(tmp_path / "file/state"),
    ):
        pass


def test_a_lock_that_a_dead_daemon_left_to_a_child_is_waited_for(
    tmp_path: Path,
) -> None:
    daemon = subprocess.Popen(["/bin/true"])
    daemon.wait()
    (tmp_path / "lock").write_text(f"{daemon.pid}\n")
    with (
        (tmp_path / "lock").open("r+") as inherited,
        subprocess.Popen(["/bin/sleep", "0.3"], stdout=inherited),
    ):
        fcntl.flock(inherited, fcntl.LOCK_EX)
        inherited.close()  # the child has it alone now
        with locked(tmp_path):
            assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"
