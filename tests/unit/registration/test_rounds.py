"""A keeper at work in a store that is slow, full or forgetful."""

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from confwatch.model.facts import RegistrationState
from confwatch.model.health import FileCheck, HealthCheck
from confwatch.model.keys import Key
from confwatch.model.service import LeaseState, OnDown
from confwatch.registration.keeper import Ending
from confwatch.state.records import FileRecords
from tests.support.fakes import FakeRegistrar
from tests.support.registering import KEY, WEB, desk, resource
from tests.support.waiting import until

State = RegistrationState
MANY = [replace(WEB, id=f"web-{n}", refresh_s=0.01) for n in range(1, 21)]


async def test_news_do_not_wait_for_a_long_round(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    first, *_ = MANY
    resources = [resource(*MANY[1:]), resource(first, name="first")]
    async with desk(tmp_path, store, resources) as on:
        on.proven("first")
        await on.comes_to(State.UP, first)
        store.pause_s = 0.05
        on.proven()
        await until(lambda: len(store.keys) > 2)
        on.failed("first")
        await on.is_gone()
        assert len(store.keys) < len(MANY) - 2
        store.pause_s = 0.0
        await until(lambda: len(store.keys) == len(MANY) - 1)


async def test_what_the_store_takes_its_time_for_is_told(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    store.pause_s = 60.0
    async with desk(tmp_path, store) as on:
        on.proven()
        await on.comes_to(State.REGISTERING)
        assert not store.keys


async def test_what_is_refused_is_asked_for_more_and_more_seldom(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    store.refuse = dict.fromkeys(
        (Key(f"/services/web/{one.id}") for one in MANY), "denied"
    )
    async with desk(tmp_path, store, [resource(*MANY)]) as on:
        on.proven()
        await until(lambda: store.requests["put"] >= len(MANY))
        await on.beats(10)
        assert store.requests["put"] == len(MANY)
        assert "denied" in str(on.error(MANY[0]))
        other = replace(MANY[0], weight=7)
        on.registrations.set_resources([resource(other, *MANY[1:])])
        await until(lambda: store.requests["put"] > len(MANY))
        store.refuse = {}
        await until(lambda: len(store.keys) == len(MANY))


async def test_an_end_does_not_wait_for_a_long_round(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store, [resource(*MANY)]) as on:
        store.pause_s = 0.05
        on.proven()
        await until(lambda: len(store.keys) > 1)
        on.registrations.end(Ending.WITHDRAW)
        await on.registrations.ended()
        assert store.requests["put"] < len(MANY)
        assert not store.keys


async def test_the_lease_is_renewed_while_much_is_withdrawn(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    stays = replace(WEB, id="stays", name="stays")
    async with desk(
        tmp_path, store, [resource(*MANY), resource(stays, name="s")]
    ) as on:
        on.proven()
        on.proven("s")
        await until(lambda: len(store.keys) == len(MANY) + 1)
        store.pause_s = 0.02
        before = store.requests["renew"]
        on.failed()
        await until(lambda: len(store.keys) == 1)
        assert store.requests["renew"] > before + 5


async def test_a_lease_is_remembered_before_its_first_record(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        store.pause_s = 60.0
        on.proven()
        await until(lambda: store.requests["put"])
        (kept,) = FileRecords(tmp_path).leases().values()
        assert kept.keys == ()


async def test_an_older_picture_of_the_leases_is_never_the_last_one_written(
    tmp_path: Path, store: FakeRegistrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = threading.Event()
    save = FileRecords.save_leases

    def late(self: FileRecords, leases: Mapping[str, LeaseState]) -> None:
        if len(leases) == 1:
            first.wait(1.0)
        save(self, leases)
        first.set()

    monkeypatch.setattr(FileRecords, "save_leases", late)
    other = replace(WEB, id="web-2", ttl_s=30.0)
    async with desk(tmp_path, store, [resource(WEB, other)]) as on:
        on.proven()
        await on.comes_to(State.UP)
        await on.comes_to(State.UP, other)
        await on.left_standing()
    assert len(FileRecords(tmp_path).leases()) == 2


async def test_a_marked_record_outlives_its_lease(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    file = tmp_path / "well"
    file.touch()
    check = HealthCheck(FileCheck(str(file)), interval_s=0.02, rise=1, fall=1)
    service = replace(WEB, checks=(check,), on_down=OnDown.MARK)
    async with desk(tmp_path / "state", store, [resource(service)]) as on:
        await on.up()
        file.unlink()
        await on.comes_to(State.DOWN)
        store.revoke()
        await on.stands()
        assert b'"status":"critical"' in store.keys[KEY]


async def test_a_service_that_was_never_well_is_marked_nowhere(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    check = HealthCheck(FileCheck(str(tmp_path / "no")), interval_s=0.02, fall=1)
    service = replace(WEB, checks=(check,), on_down=OnDown.MARK)
    async with desk(tmp_path / "state", store, [resource(service, MANY[1])]) as on:
        on.proven()
        await on.comes_to(State.DOWN)
        store.revoke()
        await on.stands(Key("/services/web/web-2"))
        await on.beats()
        assert KEY not in store.keys
