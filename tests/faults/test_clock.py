"""A wall clock that jumps: no wait, no lease and no backoff may hang on it."""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.etcd import EtcdServer
from tests.support.servers import missing
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.daemon, pytest.mark.timeout(60)]

RESOURCE = """
templates: [{src: a.j2, dest: OUT/a, keys: [/a]}]
reload: {run: "cat OUT/a > OUT/loaded; test ! -e OUT/fail", min_interval: 100ms}
"""
STEADY = """
templates: [{src: a.j2, dest: OUT/steady, keys: [/a]}]
services: [{name: edge, id: e1, address: 10.0.0.5, port: 80, ttl: 6s}]
"""
_FOLDER = "/usr/lib/{}-linux-gnu/faketime/libfaketimeMT.so.1"


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that says how far the programs' wall clock is off."""
    library = _FOLDER.format(os.uname().machine)
    if not Path(library).exists():
        missing("libfaketime is not installed (scripts/test installs it as root)")
    path = tmp_path / "clock"
    path.write_text("+0")
    monkeypatch.setenv("LD_PRELOAD", library)
    monkeypatch.setenv("FAKETIME_TIMESTAMP_FILE", str(path))
    monkeypatch.setenv("FAKETIME_NO_CACHE", "1")
    monkeypatch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    return path


@pytest.fixture
def program(tmp_path: Path, etcd: EtcdServer, clock: Path) -> Iterator[Confwatch]:
    assert clock.exists()
    with confwatch(tmp_path, f"etcd://127.0.0.1:{etcd.port}/prod") as running:
        running.template("a.j2", '{{ getv("/a/x") }}')
        running.resource("a", RESOURCE)
        running.resource("steady", STEADY)
        yield running


async def test_days_forward_and_back_change_nothing(
    program: Confwatch, etcd: EtcdServer, clock: Path
) -> None:
    etcd.ctl("put", "/prod/a/x", "0")
    program.start()
    await program.holds("loaded", "0")
    await program.logged("registration.up")
    for number, jump in enumerate(("+10d", "-10d", "+1h", "-1h"), start=1):
        clock.write_text(jump)
        (program.out / "fail").touch()
        failed = len(program.lines("reload.failed"))
        etcd.ctl("put", "/prod/a/x", str(number))
        await until(partial(_has_more, program, "reload.failed", failed))
        # Owed, and made again after its backoff, whatever the clock says meanwhile.
        (program.out / "fail").unlink()
        made = len(program.lines("reload.made"))
        await until(partial(_has_more, program, "reload.made", made))
    # libfaketime spoils Python's absolute sleeps in threads, so a watching thread of
    # watchdog may end here with a traceback; the log's own lines are what is looked at.
    days = {line["timestamp"][:10] for line in program.lines("resource.installed")}
    assert len(days) >= 3, "the clock did not jump"
    assert "10.0.0.5" in etcd.ctl("get", "/prod/services/edge/e1")
    assert len(program.lines("registration.up")) == 1
    assert program.lines("registration.lost") == []
    assert {one["state"] for one in program.status()["resources"]} == {"in place"}


def _has_more(program: Confwatch, event: str, than: int) -> bool:
    return len(program.lines(event)) > than
