"""etcd that is up and refuses: tokens of three seconds, and no room left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.etcd import EtcdServer
from tests.support.proxy import proxy
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.daemon, pytest.mark.timeout(120)]

RESOURCE = """
templates: [{src: a.j2, dest: OUT/a, keys: [/a]}]
services: [{name: edge, id: e1, address: 10.0.0.5, port: 80, ttl: 6s}]
"""
RECORD = "/prod/services/edge/e1"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        running.template("a.j2", '{{ getv("/a/x", "-") }}')
        running.resource("a", RESOURCE)
        yield running


async def until_dead(etcd: EtcdServer) -> None:
    """Wait for longer than a token lives that nobody uses: using it prolongs it."""
    lease = etcd.ctl("lease", "grant", "4").split()[1]
    etcd.ctl("put", "/clock", "ticking", f"--lease={lease}")
    await until(lambda: etcd.ctl("get", "/clock") == "", deadline_s=30)


async def test_tokens_that_live_for_three_seconds_are_renewed_without_a_word(
    tmp_path: Path, program: Confwatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EtcdServer(tmp_path / "etcd", "--auth-token-ttl=3") as etcd:
        for command in (
            "user add root:rootpw",
            "user grant-role root root",
            "user add app:apppw",
            "user grant-role app root",
            "auth enable",
        ):
            etcd.ctl(*command.split())
        etcd.ctl_options = ("--user=root:rootpw",)
        monkeypatch.setenv("CONFWATCH_STORE_USER", "app")
        monkeypatch.setenv("CONFWATCH_STORE_PASSWORD", "apppw")
        program.resource("a", RESOURCE.replace("ttl: 6s", "ttl: 30s"))
        async with proxy(etcd.port) as wire:
            program.store = f"etcd://127.0.0.1:{wire.port}/prod"
            etcd.ctl("put", "/prod/a/x", "0")
            program.start()
            await program.holds("a", "0")
            await program.logged("registration.up")
            for number in (1, 2):
                await until_dead(etcd)
                # Streams have to begin with a new token.
                wire.tear()
                etcd.ctl("put", "/prod/a/x", str(number))
                await program.holds("a", str(number))
                assert "10.0.0.5" in etcd.ctl("get", RECORD)
        assert program.lines("registration.lost") == []
        problems = [line["error"] for line in program.lines("source.failed")]
        assert not [one for one in problems if "token" in one], problems


async def test_where_no_room_is_left_files_go_on_and_announcing_waits(
    tmp_path: Path, program: Confwatch
) -> None:
    with EtcdServer(tmp_path / "etcd", "--quota-backend-bytes=1000000") as etcd:
        etcd.ctl("put", "/prod/a/x", "1")
        full = ""
        while not full:
            try:
                etcd.ctl("put", "/fill", stdin="x" * 200_000)
            except AssertionError as error:
                full = str(error)
        assert "space" in full
        program.store = f"etcd://127.0.0.1:{etcd.port}/prod"
        program.start()
        await program.holds("a", "1")
        tried = "registration.registering"
        await until(lambda: any("space" in str(one) for one in program.lines(tried)))
        assert program.status()["ready"]
        # Deleting is allowed, and is told.
        etcd.ctl("del", "/prod/a/x")
        etcd.ctl("del", "/fill")
        etcd.compact()
        etcd.ctl("defrag")
        etcd.ctl("alarm", "disarm")
        await until(lambda: "10.0.0.5" in etcd.ctl("get", RECORD), deadline_s=40)
        etcd.ctl("put", "/prod/a/x", "2")
        await program.holds("a", "2")
