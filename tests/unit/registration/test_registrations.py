"""When a service is announced, and how its keeper meets a store that fails."""

from dataclasses import replace
from pathlib import Path

import pytest

from confwatch.errors import NoAddress
from confwatch.model.address import Literal
from confwatch.model.facts import LeasesUnkept, RegistrationState
from confwatch.model.health import FileCheck, HealthCheck, Status
from confwatch.model.keys import Key
from confwatch.model.resource import Command, Reload
from confwatch.model.service import Flap, Gate, OnConflict, OnDown, Service
from confwatch.registration import keeper
from confwatch.registration.address import Addresses
from confwatch.registration.keeper import Ending
from tests.support.fakes import FakeRegistrar
from tests.support.registering import KEY, WEB, desk, resource
from tests.support.waiting import until

State = RegistrationState


async def test_nothing_is_announced_before_it_is_deserved(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        on.unchanged(owed=True)
        await on.comes_to(State.GATED)
        assert not store.requests
        on.unchanged()
        await on.stands()


async def test_files_that_are_right_already_may_not_be_enough(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    strict = replace(WEB, gate=Gate(accept_existing=False))
    other = replace(WEB, id="web-2")
    async with desk(tmp_path, store, [resource(strict, other)]) as on:
        on.unchanged()
        await on.stands(Key("/services/web/web-2"))
        assert on.states(strict) == [State.GATED]
        await on.up()


async def test_a_service_that_came_later_waits_for_the_files_it_came_with(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    new = replace(WEB, name="api", id="api-1")
    async with desk(tmp_path, store) as on:
        await on.up()
        reload = Reload(Command("true", 1.0))
        changed = replace(resource(WEB, new), reload=reload)
        on.registrations.set_resources([changed])
        on.refused()
        on.proven()  # by a reload that was under way for the older files
        await on.beats()
        assert on.state(new) is State.GATED
        assert on.state() is State.UP
        on.unchanged(owed=True)
        on.proven()
        await on.comes_to(State.UP, new)


async def test_a_failed_reload_withdraws_and_a_refused_check_does_not(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        on.refused()
        await on.beats()
        assert KEY in store.keys
        on.failed()
        await on.is_gone()
        await on.comes_to(State.GATED)
        await on.up()


async def test_both_can_be_set_otherwise(tmp_path: Path, store: FakeRegistrar) -> None:
    gate = Gate(keep_on_check_failed=False, keep_on_reload_failed=True)
    async with desk(tmp_path, store, [resource(replace(WEB, gate=gate))]) as on:
        await on.up()
        on.failed()
        await on.beats()
        assert KEY in store.keys
        on.refused()
        await on.is_gone()
        on.unchanged()
        await on.stands()


async def test_a_lost_lease_is_told_and_the_service_announced_again(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        store.revoke()
        await until(lambda: State.LOST in on.states())
        await on.stands()
        await on.comes_to(State.UP)
        assert on.registrations.ledger.entries[WEB.ref].losses == 1


async def test_a_store_that_is_down_is_asked_again(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    store.down = True
    async with desk(tmp_path, store) as on:
        on.proven()
        await on.comes_to(State.REGISTERING)
        await until(lambda: store.requests["open"] > 3)
        store.down = False
        await on.comes_to(State.UP)


async def test_a_short_outage_is_no_loss(tmp_path: Path, store: FakeRegistrar) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        store.down = True
        await on.beats()
        store.down = False
        await on.beats()
        assert on.states() == [State.GATED, State.REGISTERING, State.UP]
        assert store.requests["open"] == 1


async def test_a_renewal_that_failed_is_tried_again_sooner_than_the_next_is_due(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    slow = replace(WEB, ttl_s=30.0, refresh_s=1.0)
    async with desk(tmp_path, store, [resource(slow)]) as on:
        await on.up()
        store.down = True
        count = store.requests["renew"]
        # A store that was away for most of the ttl must not cost the lease.
        await until(lambda: store.requests["renew"] >= count + 6, deadline_s=4)
        store.down = False


async def test_after_a_ttl_without_an_answer_nobody_says_up(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    short = replace(WEB, ttl_s=0.2, refresh_s=0.02)
    async with desk(tmp_path, store, [resource(short)]) as on:
        await on.up()
        store.down = True
        await on.comes_to(State.LOST)
        await on.beats()
        assert on.state() is State.LOST
        store.down = False
        await on.comes_to(State.UP)
        assert KEY in store.keys


async def test_what_somebody_removed_is_written_again(
    tmp_path: Path, store: FakeRegistrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RECALL_S", 0.0)
    async with desk(tmp_path, store) as on:
        await on.up()
        store.remove(KEY)
        await on.stands()
        store.put(KEY, b"by hand")
        await until(lambda: store.keys[KEY].startswith(b"{"))


@pytest.mark.parametrize("ending", Ending)
async def test_an_end_withdraws_or_leaves_standing(
    tmp_path: Path, store: FakeRegistrar, ending: Ending
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        on.registrations.end(ending)
        await on.registrations.ended()
    assert (KEY in store.keys) == (ending is Ending.DETACH)


async def test_a_restart_adopts_without_an_event(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        await on.left_standing()
    events, puts = len(store.events), store.requests["put"]
    async with desk(tmp_path, store) as on:
        await on.beats()
        assert on.state() is State.GATED, "undecided: what stands, stands"
        why = on.registrations.ledger.entries[WEB.ref].why
        assert why == "waits for its resource; its record stands meanwhile"
        await on.up()
        await on.beats()
        assert (len(store.events), store.requests["put"]) == (events, puts)


async def test_what_a_restart_finds_undeclared_is_withdrawn(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        await on.left_standing()
    other = replace(WEB, name="edge", id="edge-1")
    async with desk(tmp_path, store, [resource(other)]) as on:
        await on.is_gone()


async def test_a_lease_that_nobody_declares_any_more_is_ended_by_a_restart(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        await on.left_standing()
    async with desk(tmp_path, store, []) as on:
        await on.is_gone()


async def test_leases_that_cannot_be_remembered_are_told_once(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    (tmp_path / "state").write_text("no folder")
    async with desk(tmp_path / "state", store) as on:
        await on.up()
        await on.beats()
        told = [one for one in on.facts if isinstance(one, LeasesUnkept)]
        assert len(told) == 1
        assert KEY in store.keys


async def test_an_id_that_changed_over_a_restart_stands_before_the_old_one_goes(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        await on.left_standing()
    new = replace(WEB, id="web-9")
    async with desk(tmp_path, store, [resource(new)]) as on:
        await on.beats()
        assert KEY in store.keys
        on.proven()
        await on.is_gone()
        assert set(store.keys) == {Key("/services/web/web-9")}
    changes = [(key, value is None) for key, value in store.events]
    assert changes.index((Key("/services/web/web-9"), False)) < changes.index(
        (KEY, True)
    )


@pytest.mark.parametrize(
    "new",
    [
        replace(WEB, id="web-9"),
        replace(WEB, prefix=Key("/elsewhere")),
        replace(WEB, id="web-9", ttl_s=30.0),
    ],
    ids=["id", "prefix", "id-and-lease"],
)
async def test_what_moved_stands_before_the_old_one_goes(
    tmp_path: Path, store: FakeRegistrar, new: Service
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        on.registrations.set_resources([resource(new)])
        await on.is_gone()
        (key,) = store.keys
        changes = [(one, value is None) for one, value in store.events]
        assert changes == [(KEY, False), (key, False), (KEY, True)]


async def test_a_lease_of_another_length_takes_the_record_over_at_once(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        before = store.held(KEY)
        on.registrations.set_resources([resource(replace(WEB, ttl_s=30.0))])
        await until(lambda: store.held(KEY) not in (before, None))
        await on.beats()
        assert [value is None for _, value in store.events] == [False, False]


async def test_a_move_does_not_keep_what_is_not_well(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        on.failed()
        on.registrations.set_resources([resource(replace(WEB, id="web-9"))])
        await on.is_gone()
        await on.beats(0)
        assert not store.keys


async def test_a_resource_that_is_gone_is_withdrawn(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        on.registrations.set_resources([])
        await on.is_gone()
        assert on.states()[-1] is State.OFF


async def test_who_lost_a_key_does_not_fight_back(
    tmp_path: Path, store: FakeRegistrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RECALL_S", 0.0)
    async with desk(tmp_path, store) as on:
        await on.up()
        store.take(KEY, b"theirs")
        await on.comes_to(State.CONFLICT)
        await on.beats(5)
        assert store.keys[KEY] == b"theirs"
        store.revoke()  # ours too: the next lease does not fight either
        store.take(KEY, b"theirs again")
        await on.beats(5)
        assert store.keys[KEY] == b"theirs again"


async def test_a_record_that_came_back_with_an_older_lease_of_ours_is_ours(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    """As out of a backup made before the lease that we had at last."""
    async with desk(tmp_path, store) as on:
        await on.up()
        value = store.keys[KEY]
        store.revoke()
        store.take(KEY, value)
        await until(lambda: on.states()[-2:] == [State.LOST, State.UP])
        assert store.keys[KEY] == value


@pytest.mark.parametrize("conflict", OnConflict)
async def test_a_newcomer_takes_over_or_is_refused(
    tmp_path: Path, store: FakeRegistrar, conflict: OnConflict
) -> None:
    store.take(KEY, b"theirs")
    async with desk(
        tmp_path, store, [resource(replace(WEB, on_conflict=conflict))]
    ) as on:
        on.proven()
        taken = conflict is OnConflict.TAKEOVER
        await on.comes_to(State.UP if taken else State.CONFLICT)
        assert (store.keys[KEY] != b"theirs") == taken


async def test_one_record_that_is_refused_does_not_hold_up_another(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    other = replace(WEB, id="web-2", address=(Literal("10.0.0.6"),))
    store.refuse[KEY] = "no space"
    async with desk(tmp_path, store, [resource(WEB, other)]) as on:
        on.proven()
        await on.comes_to(State.UP, other)
        await on.comes_to(State.REGISTERING)
        assert "no space" in str(on.registrations.ledger.entries[WEB.ref].error)
        store.refuse.clear()
        await on.comes_to(State.UP)


async def test_a_drain_withdraws_and_survives_a_restart(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        await on.registrations.drains.drain("web")
        await on.comes_to(State.DRAINED)
        assert KEY not in store.keys
    async with desk(tmp_path, store) as on:
        on.proven()
        await on.comes_to(State.DRAINED)
        assert not await on.registrations.drains.undrain("web-1")
        assert await on.registrations.drains.undrain("web")
        await on.comes_to(State.UP)


async def test_a_drain_file_withdraws_for_as_long_as_it_exists(
    tmp_path: Path, store: FakeRegistrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("confwatch.registration.drains.LOOK_S", 0.01)
    file = tmp_path / "drain"
    service = replace(WEB, drain=replace(WEB.drain, file=str(file)))
    file.touch()
    async with desk(tmp_path / "state", store, [resource(service)]) as on:
        on.proven()
        await on.comes_to(State.DRAINED)
        assert not store.events
        file.unlink()
        await on.comes_to(State.UP)
        file.touch()
        await on.is_gone()


async def test_flapping_is_held_down_until_calm(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    service = replace(WEB, flap=Flap(max_changes=2, per_s=0.3))
    async with desk(tmp_path, store, [resource(service)]) as on:
        for _ in range(2):
            on.proven()
            await until(lambda: on.state() in (State.UP, State.FLAPPING))
            on.failed()
            await on.is_gone()
        on.proven()
        await on.comes_to(State.FLAPPING)
        assert KEY not in store.keys
        assert on.registrations.decisions.changes[WEB.ref].count == 4
        await on.comes_to(State.UP)


@pytest.mark.parametrize("on_down", OnDown)
async def test_a_failed_check_takes_the_record_away_or_marks_it(
    tmp_path: Path, store: FakeRegistrar, on_down: OnDown
) -> None:
    file = tmp_path / "well"
    check = HealthCheck(FileCheck(str(file)), interval_s=0.02, rise=1, fall=1)
    service = replace(WEB, checks=(check,), on_down=on_down)
    async with desk(tmp_path / "state", store, [resource(service)]) as on:
        on.proven()
        await on.comes_to(State.DOWN)
        assert not store.events, "nothing is announced that was never well"
        file.touch()
        await on.comes_to(State.UP)
        file.unlink()
        await on.comes_to(State.DOWN)
        if on_down is OnDown.MARK:
            await until(lambda: b'"status":"critical"' in store.keys[KEY])
        else:
            assert KEY not in store.keys
        file.touch()
        await on.comes_to(State.UP)
        assert b'"status":"passing"' in store.keys[KEY]


async def test_nothing_is_announced_before_its_checks_have_a_verdict(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    file = tmp_path / "well"
    file.touch()
    check = HealthCheck(FileCheck(str(file)), interval_s=0.02, rise=1000)
    checked = replace(WEB, checks=(check,))
    assumed = replace(checked, id="web-2", initial=Status.WARNING)
    async with desk(tmp_path / "state", store, [resource(checked, assumed)]) as on:
        on.proven()
        await on.comes_to(State.UP, assumed)
        assert on.state(checked) is State.CHECKING
        (key,) = store.keys
        assert b'"status":"warning"' in store.keys[key]


async def test_a_service_whose_address_is_gone_is_withdrawn(
    tmp_path: Path, store: FakeRegistrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = ["10.0.0.7"]

    async def of(_self: Addresses, service: Service) -> str:
        if not found:
            raise NoAddress("", "tried iface:eth7")
        return found[0]

    monkeypatch.setattr(Addresses, "of", of)
    async with desk(tmp_path, store) as on:
        await on.up()
        found.clear()
        await on.is_gone()
        await on.comes_to(State.REGISTERING)
        assert "eth7" in str(on.registrations.ledger.entries[WEB.ref].error)
        found.append("10.0.0.8")
        await on.comes_to(State.UP)
        assert b"10.0.0.8" in store.keys[KEY]


async def test_an_adopted_record_waits_for_its_address_with_its_resource(
    tmp_path: Path, store: FakeRegistrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network may come up after us."""
    async with desk(tmp_path, store) as on:
        await on.up()
        await on.left_standing()

    async def of(_self: Addresses, _service: Service) -> str:
        raise NoAddress("", "tried iface:eth7")

    monkeypatch.setattr(Addresses, "of", of)
    async with desk(tmp_path, store) as on:
        await on.beats()
        assert KEY in store.keys
        on.proven()
        await on.is_gone()


async def test_an_end_waits_for_a_store_that_is_down(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        store.down = True
        on.registrations.end(Ending.WITHDRAW)
        await until(lambda: on.registrations.ledger.entries[WEB.ref].error is not None)
        store.down = False
        await on.registrations.ended()
        assert not store.keys
