"""Rights that become fewer, and more again, while the daemon runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.etcd import EtcdServer
from tests.support.proxy import proxy
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.daemon, pytest.mark.timeout(120)]

MANY = 20
"""Prefixes with gaps between them: more than one stream each at first."""


def granted(etcd: EtcdServer, *prefixes: str) -> None:
    """Turn authentication on; app reads these prefixes."""
    for command in (
        "user add root:rootpw",
        "user grant-role root root",
        "role add app",
        *(f"role grant-permission app --prefix=true read /prod{p}/" for p in prefixes),
        "user add app:apppw",
        "user grant-role app app",
        "auth enable",
    ):
        etcd.ctl(*command.split())
    etcd.ctl_options = ("--user=root:rootpw",)


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[EtcdServer]:
    with EtcdServer(tmp_path / "etcd") as server:
        yield server


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Confwatch]:
    monkeypatch.setenv("CONFWATCH_STORE_USER", "app")
    monkeypatch.setenv("CONFWATCH_STORE_PASSWORD", "apppw")
    with confwatch(tmp_path) as running:
        yield running


def reads(program: Confwatch, *names: str) -> None:
    """Have a resource for each prefix."""
    for name in names:
        program.template(f"{name}.j2", f'{{{{ getv("/{name}/x", "-") }}}}')
        text = f"templates: [{{src: {name}.j2, dest: OUT/{name}, keys: [/{name}]}}]"
        program.resource(name, text)


def put(etcd: EtcdServer, value: str, *names: str) -> None:
    for name in names:
        etcd.ctl("put", f"/prod/{name}/x", value)


async def test_a_prefix_that_is_taken_away_stops_no_other_and_comes_back(
    etcd: EtcdServer, program: Confwatch
) -> None:
    put(etcd, "1", "a", "b")
    granted(etcd, "/a", "/b")
    reads(program, "a", "b")
    async with proxy(etcd.port) as wire:
        program.store = f"etcd://127.0.0.1:{wire.port}/prod"
        program.start()
        await program.holds("a", "1")
        await program.holds("b", "1")
        etcd.ctl("role", "revoke-permission", "app", "/prod/b/", "--prefix=true")
        wire.tear()
        for number in range(2, 5):
            put(etcd, str(number), "a", "b")
            await program.holds("a", str(number))
        await until(lambda: denied(program, "/b: "))
        (store,) = program.status()["stores"]
        assert "/b: " in store["error"]
        # What still may be read is read at once, however long this lasts.
        failed = len(program.lines("source.failed"))
        for number in range(5, 8):
            put(etcd, str(number), "a")
            await program.holds("a", str(number))
        assert len(program.lines("source.failed")) <= failed + 1
        grant = "role grant-permission app --prefix=true read /prod/b/"
        etcd.ctl(*grant.split())
        put(etcd, "9", "b")
        await until(lambda: (program.out / "b").read_text() == "9", deadline_s=60)
        await until(lambda: program.status()["stores"][0]["error"] is None)


def denied(program: Confwatch, what: str) -> list[str]:
    """Return the failures that name a prefix."""
    errors = [line["error"] for line in program.lines("source.failed")]
    return [one for one in errors if what in one and "permission denied" in one]


async def test_many_prefixes_with_gaps_between_them_are_all_told(
    etcd: EtcdServer, program: Confwatch
) -> None:
    names = [f"p{number}" for number in range(10, 10 + MANY)]
    put(etcd, "1", *names)
    granted(etcd, *(f"/{name}" for name in names))
    reads(program, *names)
    program.store = f"etcd://127.0.0.1:{etcd.port}/prod"
    program.start()
    for name in names:
        await program.holds(name, "1")
    put(etcd, "2", *names)
    for name in names:
        await program.holds(name, "2")
    assert not denied(program, "")
    (store,) = program.status()["stores"]
    assert store["error"] is None
