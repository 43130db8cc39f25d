"""What shall stand of a service, by all that decides about it."""

from dataclasses import replace

import pytest

from confwatch.model.facts import RegistrationState
from confwatch.model.health import Status
from confwatch.model.service import Format, OnDown, Service
from confwatch.registration.wanted import Facts, wanted

WEB = Service(name="web", id="w", port=80)
WARNED = Facts(gate=True, gate_why="", health=Status.WARNING, health_why="slow")


@pytest.mark.parametrize("written", [Format.JSON, Format.CONSUL, Format.CUSTOM])
def test_a_warning_is_said_where_there_is_room_for_it(written: Format) -> None:
    made = wanted(replace(WEB, format=written), WARNED)
    assert (made.state, made.status) == (RegistrationState.UP, Status.WARNING)
    assert made.why == "slow"


@pytest.mark.parametrize("on_down", OnDown)
def test_what_an_earlier_run_announced_waits_only_while_it_is_well(
    on_down: OnDown,
) -> None:
    service = replace(WEB, on_down=on_down)
    waits = Facts(gate=None, gate_why="waits", health=None)
    for health in (None, Status.WARNING, Status.PASSING):
        assert wanted(service, replace(waits, health=health)).undecided
    made = wanted(service, replace(waits, health=Status.CRITICAL, health_why="dead"))
    assert not made.undecided
    assert (made.state, made.why) == (RegistrationState.GATED, "dead")
    marked = on_down is OnDown.MARK
    assert made.rewrite is marked
    assert made.status is (Status.CRITICAL if marked else None)


@pytest.mark.parametrize("written", [Format.REGISTRATOR, Format.SKYDNS])
def test_a_record_without_room_for_a_status_is_for_passing_services(
    written: Format,
) -> None:
    service = replace(WEB, format=written)
    made = wanted(service, WARNED)
    assert (made.state, made.status) == (RegistrationState.DOWN, None)
    assert made.why == "slow"
    well = wanted(service, replace(WARNED, health=Status.PASSING))
    assert (well.state, well.status) == (RegistrationState.UP, Status.PASSING)
