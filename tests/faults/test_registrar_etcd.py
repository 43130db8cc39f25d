"""Registrations in an etcd that forgets, refuses, freezes and goes back in time."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from confwatch.contracts import Claim, Session
from confwatch.errors import (
    LeaseLost,
    RegistrationRejected,
    SourceGarbled,
    SourceRejected,
    SourceUnavailable,
)
from confwatch.model.keys import Key
from confwatch.model.secret import Secret
from confwatch.model.service import LeaseState, Record
from confwatch.stores.etcd import client as client_module
from confwatch.stores.etcd import session as session_module
from confwatch.stores.etcd.client import Client
from confwatch.stores.etcd.registrar import EtcdRegistrar
from confwatch.wire import etcd as wire
from tests.contract.stores import options
from tests.support.etcd import EtcdServer, cluster
from tests.support.proxy import proxy
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(90)]

KEY, TWO = Key("/services/web/1"), Key("/services/web/2")
OLD, NEW = Record(KEY, b"old"), Record(KEY, b"new")
TTL_S = 30.0


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[EtcdServer]:
    with EtcdServer(tmp_path / "etcd") as server:
        yield server


def value(etcd: EtcdServer, key: Key = KEY) -> str:
    return etcd.ctl("get", "--print-value-only", f"/prod{key}").removesuffix("\n")


def lease_of(session: Session) -> str:
    return f"{int(session.state.lease):x}"


async def answered(session: Session) -> None:
    """Renew until the store answers."""
    async with asyncio.timeout(40):
        while True:
            with suppress(SourceUnavailable):
                return await session.renew()
            await asyncio.sleep(0.05)


async def test_a_revoked_lease_is_lost_and_leaves_nothing_behind(
    etcd: EtcdServer,
) -> None:
    registrar = EtcdRegistrar(options(etcd))
    async with registrar.open(TTL_S, None) as session:
        await session.put(OLD, Claim.SAME)
        etcd.ctl("lease", "revoke", lease_of(session))
        for asked in (session.renew, session.recall):
            with pytest.raises(LeaseLost):
                await asked()
        with pytest.raises(LeaseLost):
            await session.put(NEW, Claim.SAME)
        state = session.state
    async with registrar.open(TTL_S, state) as again:
        assert again.state.lease != state.lease
        assert again.standing == {}
        assert await again.put(OLD, Claim.SAME)


@pytest.mark.parametrize(
    "by_hand",
    [
        ("del", "/prod/services/web/1"),
        ("put", "/prod/services/web/1", "theirs"),
        ("put", "/prod/services/web/1", "theirs", "--ignore-lease"),
        ("put", "/prod/services/web/1", "--ignore-value", "--lease=LEASE"),
    ],
    ids=["deleted", "overwritten", "overwritten in our lease", "touched"],
)
async def test_what_a_hand_did_is_recalled_and_repaired(
    etcd: EtcdServer, by_hand: tuple[str, ...]
) -> None:
    async with EtcdRegistrar(options(etcd)).open(TTL_S, None) as session:
        await session.put(OLD, Claim.SAME)
        await session.put(Record(TWO, b"2"), Claim.SAME)
        etcd.ctl(*(one.replace("LEASE", lease_of(session)) for one in by_hand))
        assert await session.recall() == {TWO}
        assert session.standing.keys() == {TWO}
        await session.put(OLD, Claim.FREE)
        assert value(etcd) == "old"
        assert await session.recall() == {KEY, TWO}


async def test_a_wiped_store_is_a_lost_lease(etcd: EtcdServer) -> None:
    async with EtcdRegistrar(options(etcd)).open(TTL_S, None) as session:
        await session.put(OLD, Claim.SAME)
        etcd.kill()
        etcd.wipe()
        etcd.start()
        with pytest.raises(LeaseLost):
            await answered(session)


async def test_a_store_that_was_restarted_with_its_data_changes_nothing(
    etcd: EtcdServer,
) -> None:
    async with EtcdRegistrar(options(etcd)).open(TTL_S, None) as session:
        await session.put(OLD, Claim.SAME)
        etcd.kill()
        with pytest.raises(SourceUnavailable):
            await session.renew()
        etcd.start()
        await answered(session)
        assert await session.recall() == {KEY}
        assert session.standing == {KEY: OLD.digest}
        assert not await session.put(OLD, Claim.SAME)


@pytest.mark.parametrize("others", [0, 20], ids=["behind us", "written past us"])
async def test_a_restored_store_is_not_believed(
    etcd: EtcdServer, tmp_path: Path, others: int
) -> None:
    strange = Record(Key("/services/web/3"), b"3")
    async with EtcdRegistrar(options(etcd)).open(TTL_S, None) as session:
        await session.put(OLD, Claim.SAME)
        await session.put(Record(TWO, b"2"), Claim.SAME)
        await session.put(strange, Claim.SAME)
        snapshot = tmp_path / "snapshot"
        etcd.ctl("snapshot", "save", str(snapshot))
        await session.put(NEW, Claim.SAME)
        await session.withdraw(strange.key)
        etcd.kill()
        etcd.restore(snapshot)
        etcd.start()
        for number in range(others):
            etcd.ctl("put", "/somebody", str(number))
        await answered(session)
        if not others:
            assert session.standing.keys() == {TWO}, "seen by the revision alone"
        assert await session.recall() == {TWO, strange.key}
        assert session.standing.keys() == {TWO}
        assert await session.put(NEW, Claim.SAME)
        assert value(etcd) == "new"
        await session.withdraw(strange.key)
        assert value(etcd, strange.key) == ""
        assert await session.recall() == {KEY, TWO}


async def test_a_full_store_says_so_and_what_stands_stays(tmp_path: Path) -> None:
    with EtcdServer(tmp_path / "etcd", "--quota-backend-bytes=1000000") as etcd:
        registrar = EtcdRegistrar(options(etcd))
        async with registrar.open(TTL_S, None) as session:
            await session.put(OLD, Claim.SAME)
            with suppress(AssertionError):
                for _ in range(20):
                    etcd.ctl("put", "/fill", stdin="x" * 200_000)
            with pytest.raises(RegistrationRejected, match=r"no space left .NOSPACE."):
                await session.put(Record(TWO, b"2"), Claim.SAME)
            with pytest.raises(RegistrationRejected, match=f"{KEY}: .*NOSPACE"):
                await session.put(NEW, Claim.SAME)
            assert session.standing == {KEY: OLD.digest}
            assert session.state.keys == (KEY,)
            await session.renew()
            with pytest.raises(SourceRejected, match="NOSPACE"):
                async with registrar.open(TTL_S, None):
                    pass


async def test_a_denied_record_is_refused_by_its_name(etcd: EtcdServer) -> None:
    for command in (
        "user add root:rootpw",
        "user grant-role root root",
        "role add app",
        "role grant-permission app --prefix=true readwrite /prod/services/web/",
        "user add app:apppw",
        "user grant-role app app",
        "auth enable",
    ):
        etcd.ctl(*command.split())
    how = replace(options(etcd), user="app", password=Secret("apppw"))
    async with EtcdRegistrar(how).open(TTL_S, None) as session:
        await session.put(OLD, Claim.SAME)
        denied = Record(Key("/services/db/1"), b"1")
        with pytest.raises(RegistrationRejected, match=r"db/1: .*permission denied"):
            await session.put(denied, Claim.SAME)
        assert session.state.keys == (KEY,)
        assert await session.recall() == {KEY}


async def test_a_record_too_large_is_refused_and_the_older_one_stays(
    etcd: EtcdServer,
) -> None:
    async with EtcdRegistrar(options(etcd)).open(TTL_S, None) as session:
        await session.put(OLD, Claim.SAME)
        with pytest.raises(RegistrationRejected, match="too large"):
            await session.put(Record(KEY, b"x" * 1_600_000), Claim.SAME)
        assert session.standing == {KEY: OLD.digest}


async def test_tokens_may_die_between_any_two_requests(tmp_path: Path) -> None:
    with EtcdServer(tmp_path / "etcd", "--auth-token-ttl=1") as etcd:
        for command in (
            "user add root:rootpw",
            "user grant-role root root",
            "auth enable",
        ):
            etcd.ctl(*command.split())
        etcd.ctl_options = ("--user=root:rootpw",)
        how = replace(options(etcd), user="root", password=Secret("rootpw"))
        async with EtcdRegistrar(how).open(TTL_S, None) as session:
            for number in range(3):
                lease = etcd.ctl("lease", "grant", "2").split()[1]
                etcd.ctl("put", "/clock", "1", f"--lease={lease}")
                # Longer than a token lives that nobody uses.
                await until(lambda: not etcd.ctl("get", "/clock"))
                record = Record(KEY, str(number).encode())
                assert await session.put(record, Claim.SAME)
                await session.renew()
                assert await session.recall() == {KEY}


async def test_a_frozen_store_holds_nobody_up_for_long(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CALL_S", 0.5)
    monkeypatch.setattr(session_module, "CALL_S", 0.5)
    monkeypatch.setattr(session_module, "CLOSE_S", 0.5)
    registrar = EtcdRegistrar(options(etcd))
    states: list[LeaseState] = []

    async def close_frozen() -> None:
        async with registrar.open(TTL_S, None) as session:
            await session.put(OLD, Claim.SAME)
            etcd.suspend()
            with pytest.raises(SourceUnavailable):
                await session.renew()
            states.append(session.state)

    async with asyncio.timeout(15):
        with pytest.raises(SourceUnavailable):
            await close_frozen()
        with pytest.raises(SourceUnavailable):
            async with registrar.open(TTL_S, states[0]):
                pass
    etcd.resume()
    # What was asked of it before may only now be done: the lease is dead or alive.
    async with registrar.open(TTL_S, states[0]) as again:
        await again.put(OLD, Claim.SAME)
    assert value(etcd) == ""


async def test_one_member_of_three_may_freeze(tmp_path: Path) -> None:
    with cluster(tmp_path, 3) as members:
        urls = tuple(one.url for one in members)
        how = replace(options(members[0]), endpoints=urls)
        async with EtcdRegistrar(how).open(3, None) as session:
            await session.put(OLD, Claim.SAME)
            members[0].suspend()
            # By another member, within the same renewal; the frozen one may be the
            # leader, so that a new one has to be elected first.
            await answered(session)
            assert await session.recall() == {KEY}
            members[0].resume()
            members[1].kill()
            await answered(session)


async def test_a_put_whose_answer_was_lost_is_found_by_the_next(
    etcd: EtcdServer,
) -> None:
    async with proxy(etcd.port) as line:
        how = replace(options(etcd), endpoints=(f"http://127.0.0.1:{line.port}",))
        async with EtcdRegistrar(how).open(TTL_S, None) as session:
            line.cut_after = 0
            with pytest.raises(SourceUnavailable):
                await session.put(OLD, Claim.SAME)
            assert session.state.keys == (KEY,)
            assert session.standing == {}
            line.cut_after = None
            await session.put(OLD, Claim.FREE)
            assert session.standing == {KEY: OLD.digest}


@pytest.mark.parametrize("count", [500])
async def test_hundreds_of_records_are_adopted_in_a_few_requests(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    registrar = EtcdRegistrar(options(etcd))
    records = [Record(Key(f"/services/web/{n}"), b"%d" % n) for n in range(count)]
    async with registrar.open(TTL_S, None) as session:
        for record in records:
            await session.put(record, Claim.SAME)
        session.detach()
    asked: list[str] = []
    ask = Client._post

    async def counted(self: Client, path: str, *rest: Any) -> object:
        asked.append(path)
        return await ask(self, path, *rest)

    monkeypatch.setattr(Client, "_post", counted)
    async with registrar.open(TTL_S, session.state) as again:
        assert again.standing == {one.key: one.digest for one in records}
        assert len(asked) <= 10
        again.detach()
    assert "/v3/lease/grant" not in asked


async def test_a_recall_takes_no_longer_for_hundreds_of_records(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a slow store the lease would die while one request waits for the other."""
    registrar = EtcdRegistrar(options(etcd))
    together = asyncio.Barrier(3)
    ask = Client._post

    async def met(self: Client, path: str, *rest: Any) -> object:
        if path == "/v3/kv/txn":
            async with asyncio.timeout(10):
                await together.wait()
        return await ask(self, path, *rest)

    async with registrar.open(TTL_S, None) as session:
        for n in range(300):
            key = Key(f"/services/web/{n}")
            await session.put(Record(key, b"x"), Claim.SAME)
        monkeypatch.setattr(Client, "_post", met)
        assert len(await session.recall()) == 300


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'{"error":{"grpc_code":14,"message":"etcdserver: no leader"}}', "no leader"),
        (b"{}", "without an answer"),
    ],
)
async def test_a_keepalive_that_failed_is_no_lost_lease(
    etcd: EtcdServer,
    monkeypatch: pytest.MonkeyPatch,
    answer: bytes,
    expected: str,
) -> None:
    async with EtcdRegistrar(options(etcd)).open(TTL_S, None) as session:
        with monkeypatch.context() as patch:
            raw = wire.decode("x", answer, wire.KeepAliveAnswer)

            async def told(*_: object, **__: object) -> object:
                return raw

            patch.setattr(Client, "call", told)
            with pytest.raises((SourceUnavailable, SourceGarbled), match=expected):
                await session.renew()
        await session.renew()
