"""Three members: one is lost, then the quorum; what is left tells no lies."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.etcd import EtcdServer, cluster
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.daemon, pytest.mark.timeout(150)]


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[EtcdServer]]:
    with cluster(tmp_path / "etcd", 3) as all_three:
        yield all_three


@pytest.fixture
def program(tmp_path: Path, members: list[EtcdServer]) -> Iterator[Confwatch]:
    hosts = ",".join(f"127.0.0.1:{one.port}" for one in members)
    with confwatch(tmp_path, f"etcd://{hosts}/prod") as running:
        running.template("a.j2", '{{ getv("/a/x", "-") }}')
        running.resource(
            "a",
            "templates: [{src: a.j2, dest: OUT/a, keys: [/a]}]\n"
            "services: [{name: edge, id: e1, address: 10.0.0.5, port: 80, ttl: 10s}]",
        )
        yield running


async def test_a_lost_member_is_passed_over_and_a_lost_quorum_is_an_outage(
    program: Confwatch, members: list[EtcdServer]
) -> None:
    first, second, third = members
    third.ctl("put", "/prod/a/x", "1")
    program.start()
    await program.holds("a", "1")
    await program.logged("registration.up")

    first.kill()
    third.ctl("put", "/prod/a/x", "2", tries=20)
    await program.holds("a", "2")

    failed = len(program.lines("source.failed"))
    second.kill()
    await until(lambda: len(program.lines("source.failed")) > failed, deadline_s=60)
    with pytest.raises((AssertionError, subprocess.TimeoutExpired)):
        third.ctl("put", "/prod/a/x", "never")
    assert (program.out / "a").read_text() == "2"
    (store,) = program.status()["stores"]
    assert store["error"]

    first.start()
    first.ctl("put", "/prod/a/x", "3", tries=20)
    await until(lambda: (program.out / "a").read_text() == "3", deadline_s=60)
    third.ready()
    await until(
        lambda: "10.0.0.5" in third.ctl("get", "/prod/services/edge/e1", tries=5),
        deadline_s=60,
    )


async def test_a_member_that_hangs_is_left_for_another(
    program: Confwatch, members: list[EtcdServer]
) -> None:
    members[1].ctl("put", "/prod/a/x", "1")
    program.start()
    await program.holds("a", "1")
    members[0].suspend()
    members[1].ctl("put", "/prod/a/x", "2", tries=20)
    await until(lambda: (program.out / "a").read_text() == "2", deadline_s=90)
    members[0].resume()
