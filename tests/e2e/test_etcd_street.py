"""The real program over a real etcd that is killed, stopped, wiped and refilled."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from confwatch.model.keys import Key
from confwatch.stores.etcd.writer import opened
from tests.contract.stores import options
from tests.support.daemon import Confwatch, confwatch
from tests.support.etcd import EtcdServer
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.daemon, pytest.mark.timeout(60)]

PAIR = """
templates:
  - {src: pair.j2, dest: OUT/pair, keys: [/a, /b]}
"""


@pytest.fixture
def program(tmp_path: Path, etcd: EtcdServer) -> Iterator[Confwatch]:
    with confwatch(tmp_path, f"etcd://127.0.0.1:{etcd.port}/prod") as running:
        running.template("pair.j2", '{{ getv("/a/x", "-") }} {{ getv("/b/x", "-") }}\n')
        running.resource("pair", PAIR)
        yield running


async def test_what_changed_while_etcd_was_down_is_in_the_file(
    program: Confwatch, etcd: EtcdServer
) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    program.start()
    await program.holds("pair", "1 -\n")
    etcd.kill()
    await program.logged("source.failed")
    assert (program.out / "pair").read_text() == "1 -\n"
    etcd.start()
    etcd.ctl("put", "/prod/b/x", "2")
    await program.holds("pair", "1 2\n")


async def test_two_prefixes_changed_in_one_transaction_are_one_pass(
    program: Confwatch, etcd: EtcdServer
) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    program.start()
    await program.holds("pair", "1 -\n")
    seen = {(program.out / "pair").read_text()}
    for number in range(20):
        put = f"put /prod/a/x {number}\nput /prod/b/x {number}\n\n"
        etcd.ctl("txn", stdin=f"\n{put}\n")

        def is_whole(made: str = f"{number} {number}\n") -> bool:
            return (program.out / "pair").read_text() == made

        await until(is_whole)
    for line in program.lines("resource.installed")[1:]:
        assert line["because"] == "keys changed: /a/x, /b/x", seen


async def test_a_wiped_store_is_doubted_and_believed_once_it_has_keys(
    program: Confwatch, etcd: EtcdServer
) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    program.start()
    await program.holds("pair", "1 -\n")
    etcd.kill()
    etcd.wipe()
    etcd.start()
    await program.logged("resource.held")
    assert (program.out / "pair").read_text() == "1 -\n"
    etcd.ctl("put", "/prod/a/x", "new")
    await program.holds("pair", "new -\n")


async def test_a_frozen_daemon_catches_up_after_a_compaction(
    program: Confwatch, etcd: EtcdServer
) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    program.start()
    await program.holds("pair", "1 -\n")
    program.send(signal.SIGSTOP)
    etcd.kill()
    etcd.start()
    for number in range(50):
        etcd.ctl("put", "/prod/a/x", f"v{number}")
    etcd.ctl("del", "/prod/b", "--prefix")
    etcd.compact()
    program.send(signal.SIGCONT)
    await program.holds("pair", "v49 -\n")


async def test_a_service_lives_through_a_killed_etcd_and_a_revoked_lease(
    program: Confwatch, etcd: EtcdServer
) -> None:
    program.resource(
        "pair",
        PAIR + "services: [{name: edge, id: e1, address: 10.0.0.5, port: 80, ttl: 6s}]",
    )
    program.start()
    await program.logged("registration.up")
    key = "/prod/services/edge/e1"
    assert "10.0.0.5" in etcd.ctl("get", key)
    lease = etcd.ctl("lease", "list").splitlines()[-1]
    etcd.ctl("lease", "revoke", lease)
    await program.logged("registration.lost")
    await until(lambda: "10.0.0.5" in etcd.ctl("get", key))
    etcd.kill()
    etcd.start()
    await until(lambda: "10.0.0.5" in etcd.ctl("get", key))
    assert program.end() == 0
    assert etcd.ctl("get", key) == ""


async def test_a_storm_ends_in_the_right_file_in_few_passes(
    program: Confwatch, etcd: EtcdServer
) -> None:
    program.resource(
        "pair", PAIR + "reload: {run: echo x >> OUT/reloads, min_interval: 200ms}\n"
    )
    program.start()
    await program.holds("pair", "- -\n")
    async with opened(options(etcd)) as writer:
        for number in range(1500):
            await writer.put(Key(f"/{'ab'[number % 2]}/x"), str(number).encode())
    await program.holds("pair", "1498 1499\n")
    await until(lambda: program.status()["ready"])
    assert len(program.lines("resource.installed")) < 500
    reloads = len((program.out / "reloads").read_text().splitlines())
    assert reloads < 100
    assert reloads == len(program.lines("reload.made"))


async def test_a_service_is_announced_again_in_a_wiped_store(
    program: Confwatch, etcd: EtcdServer
) -> None:
    service = "services: [{name: edge, id: e1, address: 10.0.0.5, port: 80, ttl: 6s}]\n"
    program.resource("pair", PAIR + "hold_on_empty: false\n" + service)
    program.start()
    await program.logged("registration.up")
    etcd.kill()
    etcd.wipe()
    etcd.start()
    await until(lambda: "10.0.0.5" in etcd.ctl("get", "/prod/services/edge/e1"))


async def test_a_start_without_a_store_waits_and_then_does_its_work(
    program: Confwatch, etcd: EtcdServer
) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    etcd.stop()
    (program.out / "pair").write_text("stands\n")
    program.start()
    await program.logged("source.failed")
    assert (program.out / "pair").read_text() == "stands\n"
    (store,) = program.status()["stores"]
    assert store["error"]
    assert not program.status()["ready"]
    etcd.start()
    await program.holds("pair", "1 -\n")
    assert program.end() == 0
