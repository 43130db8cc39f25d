"""Several who want one key: nobody fights, and everybody says where he stands."""

from dataclasses import replace
from pathlib import Path

import pytest

from confwatch.model.facts import RegistrationState
from confwatch.model.keys import Key
from confwatch.model.service import CustomRecord, Format, Service
from confwatch.registration import keeper
from tests.support.fakes import FakeRegistrar
from tests.support.registering import KEY, WEB, desk, resource
from tests.support.waiting import until

State = RegistrationState


def custom(name: str, ttl_s: float = 15.0) -> Service:
    """Return a service whose key is known only once it is filled in."""
    record = CustomRecord("/at/{{ address }}", name)
    text = Format.CUSTOM
    return replace(WEB, id=name, format=text, custom=record, ttl_s=ttl_s)


@pytest.mark.parametrize("ttl_s", [15.0, 30.0], ids=["one-lease", "two-leases"])
async def test_services_whose_keys_come_out_the_same_do_not_fight(
    tmp_path: Path,
    store: FakeRegistrar,
    monkeypatch: pytest.MonkeyPatch,
    ttl_s: float,
) -> None:
    monkeypatch.setattr(keeper, "RECALL_S", 0.0)
    one, two = custom("one"), custom("two", ttl_s)
    async with desk(tmp_path, store, [resource(one), resource(two, name="s")]) as on:
        on.proven("r")
        await on.comes_to(State.UP, one)
        on.proven("s")
        await on.comes_to(State.CONFLICT, two)
        assert "main:web/one" in str(on.error(two))
        await on.beats(5)
        assert store.events == [(Key("/at/10.0.0.5"), b"one")]
        on.failed("r")
        await on.comes_to(State.UP, two)
        on.proven("r")
        await on.comes_to(State.CONFLICT, one)
        assert store.keys == {Key("/at/10.0.0.5"): b"two"}


async def test_who_lost_a_key_says_so_again_after_a_drain(
    tmp_path: Path, store: FakeRegistrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RECALL_S", 0.0)
    async with desk(tmp_path, store) as on:
        await on.up()
        store.take(KEY, b"theirs")
        await on.comes_to(State.CONFLICT)
        await on.registrations.drains.drain("web")
        await on.comes_to(State.DRAINED)
        await on.registrations.drains.undrain("web")
        await on.comes_to(State.CONFLICT)
        assert on.error() is not None


async def test_who_got_its_key_back_takes_it_from_an_older_lease_of_its_own(
    tmp_path: Path, store: FakeRegistrar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "RECALL_S", 0.0)
    monkeypatch.setattr("confwatch.registration.holdings.LOSER_WAITS_TTLS", 0)
    async with desk(tmp_path, store) as on:
        await on.up()
        value = store.keys[KEY]
        store.take(KEY, b"theirs")
        await on.comes_to(State.CONFLICT)
        store.remove(KEY)
        await on.comes_to(State.UP)
        store.revoke()
        store.take(KEY, value)
        await until(lambda: on.states()[-2:] == [State.LOST, State.UP])
