"""What every registrar promises, asked of each of them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from confwatch.contracts import Claim, Registrar
from confwatch.errors import KeyHeld, LeaseLost
from confwatch.model.keys import Key
from confwatch.model.service import LeaseState, Record
from tests.contract.stores import STORES, Store, reading

KEY = Key("/services/web/one")
RECORD, OTHER = Record(KEY, b'{"v":1}'), Record(KEY, b'{"v":2}')
TTL_S = 5.0


STORED = ["fake", "folder", pytest.param("etcd", marks=pytest.mark.real)]


@pytest.fixture(params=STORED)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as made:
        yield made


@pytest.fixture
def registrar(store: Store) -> Registrar:
    assert store.registrar is not None
    return store.registrar


async def value(store: Store, key: Key = KEY) -> str | None:
    async with reading(store.source, "/services") as reader:
        await reader.step()
        return reader.mirror.value(key)


async def test_a_record_stands_for_as_long_as_the_session(
    store: Store, registrar: Registrar
) -> None:
    async with registrar.open(TTL_S, None) as session:
        assert await session.put(RECORD, Claim.SAME)
        assert await value(store) == '{"v":1}'
        assert session.state.keys == (KEY,)
    assert await value(store) is None


async def test_what_stands_is_not_written_again(
    store: Store, registrar: Registrar
) -> None:
    async with reading(store.source, "/services") as reader:
        await reader.until()
        async with registrar.open(TTL_S, None) as session:
            await session.put(RECORD, Claim.SAME)
            await reader.until(services__web__one=RECORD.value)
            before = reader.events
            assert not await session.put(RECORD, Claim.SAME)
            await session.renew()
            await store.writer.put(Key("/services/mark"), b"1")
            await reader.until(services__web__one=RECORD.value, services__mark=b"1")
            assert reader.events == before + 1


async def test_a_changed_record_replaces_the_old_one(
    store: Store, registrar: Registrar
) -> None:
    async with registrar.open(TTL_S, None) as session:
        await session.put(RECORD, Claim.SAME)
        assert await session.put(OTHER, Claim.SAME)
        assert await value(store) == '{"v":2}'


async def test_what_somebody_removed_is_written_again(
    store: Store, registrar: Registrar
) -> None:
    async with registrar.open(TTL_S, None) as session:
        await session.put(RECORD, Claim.SAME)
        await store.writer.remove(KEY)
        assert await session.put(RECORD, Claim.SAME)
        assert await value(store) == '{"v":1}'


async def test_one_of_two_can_be_withdrawn(store: Store, registrar: Registrar) -> None:
    two = Record(Key("/services/web/two"), b"2")
    async with registrar.open(TTL_S, None) as session:
        await session.put(RECORD, Claim.SAME)
        await session.put(two, Claim.SAME)
        await session.withdraw(KEY)
        assert await value(store) is None
        assert await value(store, two.key) == "2"
        assert session.state.keys == (two.key,)


async def test_a_detached_session_is_adopted_without_a_write(
    store: Store, registrar: Registrar
) -> None:
    async with registrar.open(TTL_S, None) as session:
        await session.put(RECORD, Claim.SAME)
        session.detach()
    assert await value(store) == '{"v":1}'
    async with registrar.open(TTL_S, session.state) as adopted:
        assert adopted.state == session.state
        assert not await adopted.put(RECORD, Claim.SAME)
    assert await value(store) is None


@pytest.mark.parametrize("field", ["store", "boot_id", "host"])
async def test_what_is_not_ours_is_not_adopted(
    registrar: Registrar, field: str
) -> None:
    async with registrar.open(TTL_S, None) as session:
        session.detach()
    another: dict[str, Any] = {field: "another"}
    state: LeaseState = replace(session.state, **another)
    async with registrar.open(TTL_S, state) as other:
        assert other.state.lease != session.state.lease


async def test_our_own_record_of_an_earlier_life_is_taken_over(
    store: Store, registrar: Registrar
) -> None:
    async with (
        registrar.open(TTL_S, None) as killed,
        registrar.open(TTL_S, None) as ours,
    ):
        await killed.put(RECORD, Claim.SAME)
        assert await ours.put(RECORD, Claim.SAME)
        await killed.withdraw(KEY)
        assert await value(store) == '{"v":1}', "it is under our lease now"


async def test_a_living_stranger_keeps_its_key(
    store: Store, registrar: Registrar
) -> None:
    async with (
        registrar.open(TTL_S, None) as theirs,
        registrar.open(TTL_S, None) as ours,
    ):
        await theirs.put(RECORD, Claim.SAME)
        with pytest.raises(KeyHeld, match="another living lease"):
            await ours.put(OTHER, Claim.SAME)
        assert await value(store) == '{"v":1}'
        assert ours.state.keys == ()


async def test_a_lost_lease_is_told_and_leaves_quietly(registrar: Registrar) -> None:
    async with registrar.open(TTL_S, None) as first:
        first.detach()
    async with registrar.open(TTL_S, first.state):
        pass  # withdraws what both stand on
    async with registrar.open(TTL_S, None) as session:
        session.detach()
        async with registrar.open(TTL_S, session.state):
            pass
        with pytest.raises(LeaseLost):
            await session.renew()
        with pytest.raises(LeaseLost):
            await session.put(RECORD, Claim.SAME)


async def test_who_lost_a_key_does_not_take_it_back(
    store: Store, registrar: Registrar
) -> None:
    async with (
        registrar.open(TTL_S, None) as theirs,
        registrar.open(TTL_S, None) as ours,
    ):
        await ours.put(RECORD, Claim.ANY)
        assert await theirs.put(OTHER, Claim.ANY)
        for record in (RECORD, OTHER):
            with pytest.raises(KeyHeld):
                await ours.put(record, Claim.FREE)
        assert await value(store) == '{"v":2}'


async def test_what_stands_under_the_lease_is_recalled_in_one_look(
    store: Store, registrar: Registrar
) -> None:
    two = Record(Key("/services/web/two"), b"2")
    async with registrar.open(TTL_S, None) as session:
        await session.put(RECORD, Claim.SAME)
        await session.put(two, Claim.SAME)
        assert await session.recall() == {KEY, two.key}
        await store.writer.remove(KEY)
        assert await session.recall() == {two.key}


async def test_what_is_known_to_stand_is_told_through_a_restart(
    registrar: Registrar,
) -> None:
    two = Record(Key("/services/web/two"), b"2")
    async with registrar.open(TTL_S, None) as session:
        assert session.standing == {}
        assert session.ttl_s >= TTL_S
        await session.put(RECORD, Claim.SAME)
        await session.put(two, Claim.SAME)
        assert session.standing == {KEY: RECORD.digest, two.key: two.digest}
        await session.put(OTHER, Claim.SAME)
        assert session.standing[KEY] == OTHER.digest
        await session.withdraw(two.key)
        assert session.standing == {KEY: OTHER.digest}
        session.detach()
    async with registrar.open(TTL_S, session.state) as again:
        assert again.standing == {KEY: OTHER.digest}
        assert await again.recall() == {KEY}


async def test_what_changed_between_two_runs_is_not_known_to_stand(
    store: Store, registrar: Registrar
) -> None:
    keys = [Key(f"/services/web/{name}") for name in ("a", "b", "c")]
    records = [Record(key, b"1") for key in keys]
    async with registrar.open(TTL_S, None) as session:
        for record in records:
            await session.put(record, Claim.SAME)
        session.detach()
    await store.writer.put(keys[0], b"by hand")
    await store.writer.remove(keys[1])
    async with registrar.open(TTL_S, session.state) as again:
        assert again.standing == {keys[2]: records[2].digest}
        for record in records:
            await again.put(record, Claim.FREE)
            assert await value(store, record.key) == "1"
        assert again.standing.keys() == {*keys}
    assert await value(store, keys[0]) is None


async def test_what_somebody_overwrote_is_not_recalled_but_repaired(
    store: Store, registrar: Registrar
) -> None:
    async with registrar.open(TTL_S, None) as session:
        await session.put(RECORD, Claim.SAME)
        await store.writer.put(KEY, b"by hand")
        assert await session.recall() == frozenset()
        assert session.standing == {}
        assert await session.put(RECORD, Claim.FREE)
        assert await value(store) == '{"v":1}'
        assert await session.recall() == {KEY}


async def test_what_somebody_took_is_known_after_a_recall(
    store: Store, registrar: Registrar
) -> None:
    async with (
        registrar.open(TTL_S, None) as theirs,
        registrar.open(TTL_S, None) as ours,
    ):
        await ours.put(RECORD, Claim.SAME)
        await theirs.put(OTHER, Claim.ANY)
        assert await ours.recall() == frozenset()
        assert ours.standing == {}
        assert ours.state.keys == ()
        await ours.withdraw(KEY)
        assert await value(store) == '{"v":2}'


async def test_a_lease_of_another_ttl_is_not_adopted(registrar: Registrar) -> None:
    async with registrar.open(TTL_S, None) as session:
        session.detach()
    async with registrar.open(TTL_S + 1, session.state) as other:
        assert other.state.lease != session.state.lease


async def test_what_makes_no_sense_as_a_lease_is_not_adopted(
    registrar: Registrar,
) -> None:
    async with registrar.open(TTL_S, None) as session:
        pass
    state = replace(session.state, lease="no such lease")
    async with registrar.open(TTL_S, state) as other:
        assert await other.put(RECORD, Claim.SAME)


async def test_a_state_of_which_less_is_known_is_adopted_all_the_same(
    registrar: Registrar,
) -> None:
    async with registrar.open(TTL_S, None) as session:
        await session.put(RECORD, Claim.SAME)
        session.detach()
    state = replace(session.state, written={})
    async with registrar.open(TTL_S, state) as again:
        assert again.state.lease == session.state.lease
        assert not await again.put(RECORD, Claim.SAME)
        assert again.standing == {KEY: RECORD.digest}


async def test_who_is_refused_a_key_knows_that_it_does_not_hold_it(
    registrar: Registrar,
) -> None:
    async with (
        registrar.open(TTL_S, None) as theirs,
        registrar.open(TTL_S, None) as ours,
    ):
        await ours.put(RECORD, Claim.SAME)
        await theirs.put(OTHER, Claim.ANY)
        with pytest.raises(KeyHeld):
            await ours.put(RECORD, Claim.FREE)
        assert ours.standing == {}
        assert ours.state.keys == ()


async def test_leaving_takes_all_records_at_once(
    store: Store, registrar: Registrar
) -> None:
    keys = [Key(f"/services/web/{number}") for number in range(20)]
    async with registrar.open(TTL_S, None) as session:
        for key in keys:
            await session.put(Record(key, b"1"), Claim.SAME)
        await store.writer.put(Key("/services/db/1"), b"1")
    async with reading(store.source, "/services") as reader:
        await reader.until(services__db__1=b"1")
