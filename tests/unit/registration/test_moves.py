"""Services that move while conf.d is read again: the new record stands first."""

import asyncio
from dataclasses import replace
from functools import partial
from pathlib import Path

from confwatch.model.facts import RegistrationState
from confwatch.model.keys import Key
from confwatch.state.records import FileRecords
from tests.support.fakes import FakeRegistrar
from tests.support.registering import KEY, WEB, desk, resource
from tests.support.waiting import until

State = RegistrationState
TWO, NINE = Key("/services/web/web-2"), Key("/services/web/web-9")


async def test_what_moved_twice_before_it_stood_stays_until_the_last_one_stands(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        store.refuse = {TWO: "full", NINE: "full"}
        for new in (replace(WEB, id="web-2"), replace(WEB, id="web-9", ttl_s=30.0)):
            on.registrations.set_resources([resource(new)])
            await until(partial(on.error, new))
        await on.beats()
        assert KEY in store.keys
        store.refuse = {}
        await on.is_gone()
        assert store.events[1:] == [(NINE, store.keys[NINE]), (KEY, None)]


async def test_an_older_move_that_ends_late_does_not_end_the_next_one(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()

        def again() -> None:
            store.refuse = {KEY: "full"}
            on.registrations.set_resources([resource(replace(WEB, ttl_s=40.0))])

        store.after_put = [again]
        on.registrations.set_resources([resource(replace(WEB, ttl_s=30.0))])
        await until(on.error)
        await on.beats()
        store.refuse = {}
        await on.comes_to(State.UP)
        await on.beats()
        assert [value is None for _, value in store.events] == [False] * 3


async def test_a_ttl_that_changed_over_a_restart_never_leaves_nothing(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        await on.left_standing()
    other = replace(WEB, name="other")
    resources = [resource(replace(WEB, ttl_s=30.0)), resource(other, name="s")]
    async with desk(tmp_path, store, resources) as on:
        await on.beats()
        assert KEY in store.keys
        on.proven()
        await on.comes_to(State.UP)
        on.registrations.set_resources(resources[:1])
        await until(lambda: len(FileRecords(tmp_path).leases()) == 1)
        assert [value is None for _, value in store.events] == [False] * 2


async def test_what_moves_back_at_once_does_not_go_with_the_lease_it_visited(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        lease = store.held(KEY)
        store.after_put = [lambda: on.registrations.set_resources([resource(WEB)])]
        on.registrations.set_resources([resource(replace(WEB, ttl_s=30.0))])
        await until(lambda: len(store.events) == 3)
        await on.comes_to(State.UP)
        await on.beats()
        assert store.held(KEY) == lease
        assert None not in [value for _, value in store.events]


async def test_what_an_earlier_run_announced_goes_with_its_own_service_alone(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    """Another one of its name may wait for its resource for ever."""
    async with desk(tmp_path, store) as on:
        await on.up()
        await on.left_standing()
    waits = resource(replace(WEB, id="web-9"), name="waits")
    async with desk(tmp_path, store, [resource(WEB), waits]) as on:
        on.failed()
        await on.is_gone()
        assert on.state() is State.GATED


async def test_leases_that_nobody_needs_leave_nothing_behind(
    tmp_path: Path, store: FakeRegistrar
) -> None:
    async with desk(tmp_path, store) as on:
        await on.up()
        for ttl_s in range(20, 30):
            new = replace(WEB, ttl_s=float(ttl_s))
            on.registrations.set_resources([resource(new)])
            await on.comes_to(State.UP)
            await until(lambda: len(FileRecords(tmp_path).leases()) == 1)

        def dismissed() -> bool:
            on.registrations.post()
            return len(on.registrations.keepers) == 1

        await until(dismissed)
        await until(lambda: len(_keeping()) == 1)
        assert None not in [value for _, value in store.events]


def _keeping() -> list[str]:
    """Name the tasks of keepers."""
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith("keep ")]
