"""Everything asleep for longer than every deadline there is: a laptop's lid, a frozen VM."""

import signal
from functools import partial
from pathlib import Path

import pytest

from tests.support.daemon import confwatch
from tests.support.etcd import EtcdServer
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.daemon, pytest.mark.timeout(150)]

RESOURCE = """
templates: [{src: a.j2, dest: OUT/a, keys: [/a]}]
check: test -s {{ src }}
reload: {run: "cat OUT/a > OUT/loaded", min_interval: 0s}
services: [{name: NAME, id: e1, address: 10.0.0.5, port: 80, ttl: 10s}]
"""


async def test_a_store_and_a_daemon_frozen_beyond_every_deadline_come_back(
    tmp_path: Path,
) -> None:
    # One wait for both: the daemon of the first etcd sleeps while the second etcd does.
    with (
        EtcdServer(tmp_path / "etcd1") as awake,
        EtcdServer(tmp_path / "etcd2") as frozen,
        confwatch(tmp_path / "1", f"etcd://127.0.0.1:{awake.port}/prod") as sleeper,
        confwatch(tmp_path / "2", f"etcd://127.0.0.1:{frozen.port}/prod") as watcher,
    ):
        for program, server, name in (
            (sleeper, awake, "sleeper"),
            (watcher, frozen, "watcher"),
        ):
            program.template("a.j2", '{{ getv("/a/x") }}')
            program.resource("a", RESOURCE.replace("NAME", name))
            server.ctl("put", "/prod/a/x", "1")
            program.start()
            await program.holds("loaded", "1")
            await program.logged("registration.up")

        sleeper.send(signal.SIGSTOP)
        frozen.suspend()
        record = "/prod/services/sleeper/e1"
        await until(lambda: awake.ctl("get", record) == "", deadline_s=40)
        awake.ctl("put", "/prod/a/x", "2")
        awake.compact()
        # A silent store is asked after 30 s whether it lives, and given 5 s.
        await until(lambda: watcher.lines("source.failed"), deadline_s=60)
        # Whether its record still stands is not known after a TTL without an answer.
        assert watcher.lines("registration.lost")
        assert (watcher.out / "a").read_text() == "1"

        sleeper.send(signal.SIGCONT)
        frozen.resume()
        frozen.ctl("put", "/prod/a/x", "2", tries=20)
        for program, server, name in (
            (sleeper, awake, "sleeper"),
            (watcher, frozen, "watcher"),
        ):
            record = f"/prod/services/{name}/e1"
            await until(partial(_is_loaded, program.out, "2"), deadline_s=60)
            await until(partial(_stands, server, record), deadline_s=60)
            assert program.status()["ready"]
        assert sleeper.lines("registration.lost")


def _is_loaded(out: Path, value: str) -> bool:
    return _loaded(out) == value


def _stands(server: EtcdServer, record: str) -> bool:
    return "10.0.0.5" in server.ctl("get", record)


def _loaded(out: Path) -> str:
    return (out / "loaded").read_text()
