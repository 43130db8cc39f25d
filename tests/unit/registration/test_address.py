"""Which address is announced."""

import asyncio
import socket
import threading
from collections.abc import Callable
from types import SimpleNamespace

import ifaddr
import pytest

from confwatch.errors import NoAddress
from confwatch.model.address import AddressRule, Auto, Interface, Literal, Network
from confwatch.model.service import Service
from confwatch.registration import address
from confwatch.registration.address import Addresses, source_address

OURS = "192.0.2.77"
Ways = dict[str, str]
"""Host to the address that is sent from; a host that is not there is not known."""


def service(*rules: AddressRule, allow_loopback: bool = False) -> Service:
    return Service("web", "web-1", 80, rules, allow_loopback)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    """Give the machine ways out: by default all through one interface."""
    known = {"192.0.2.1": OURS, "2001:db8::1": ""}

    def source(toward: str) -> str:
        if toward not in known:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return known[toward]

    monkeypatch.setattr(address, "_sent_from", source)
    monkeypatch.setattr(address, "FRESH_S", 0.0)
    return known


@pytest.fixture
def interfaces(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Set the machine's interfaces: each name with its addresses."""

    def found(**names: list[str]) -> None:
        adapters = [
            SimpleNamespace(
                name=name,
                ips=[SimpleNamespace(ip=(ip, 0, 0) if ":" in ip else ip) for ip in ips],
            )
            for name, ips in names.items()
        ]
        monkeypatch.setattr(ifaddr, "get_adapters", lambda: adapters)

    monkeypatch.setattr(address, "FRESH_S", 0.0)
    found(
        lo=["127.0.0.1", "::1"],
        eth1=["10.9.0.1", "10.2.0.1"],
        eth0=["fe80::1", "2001:db8::9", "192.168.7.4"],
    )
    return found


async def test_a_written_address_is_taken_as_it_is() -> None:
    of = Addresses("192.0.2.7").of
    assert await of(service(Literal("10.1.2.3"))) == "10.1.2.3"
    assert await of(service(Literal("web.example"))) == "web.example"
    assert await of(service(Literal("127.0.0.1"))) == "127.0.0.1"


async def test_auto_is_the_address_that_the_store_is_reached_from(ways: Ways) -> None:
    ways["store.example"] = "10.0.0.7"
    assert await Addresses("store.example").of(service(Auto())) == "10.0.0.7"


@pytest.mark.parametrize("store", [None, "localhost"])
async def test_auto_beside_a_store_is_the_way_out(
    ways: Ways, store: str | None
) -> None:
    ways["localhost"] = "127.0.0.1"
    assert await Addresses(store).of(service(Auto())) == OURS


async def test_auto_is_the_way_out_while_the_store_has_no_address(ways: Ways) -> None:
    assert await Addresses("store.example").of(service(Auto())) == OURS


async def test_a_name_server_that_fails_leaves_the_last_address(ways: Ways) -> None:
    ways["store.example"] = "10.0.0.7"
    addresses = Addresses("store.example")
    assert await addresses.of(service(Auto())) == "10.0.0.7"
    del ways["store.example"]
    assert await addresses.of(service(Auto())) == "10.0.0.7"


async def test_a_changed_way_is_another_address(ways: Ways) -> None:
    addresses = Addresses(None)
    assert await addresses.of(service(Auto())) == OURS
    ways["192.0.2.1"] = "192.0.2.78"
    assert await addresses.of(service(Auto())) == "192.0.2.78"


async def test_loopback_is_no_address_unless_it_is_allowed(ways: Ways) -> None:
    ways["192.0.2.1"] = ""
    ways["localhost"] = "127.0.0.1"
    of = Addresses("localhost").of
    with pytest.raises(
        NoAddress, match=r"auto: 127.0.0.1 is reached from this machine"
    ):
        await of(service(Auto()))
    assert await of(service(Auto(), allow_loopback=True)) == "127.0.0.1"


async def test_a_machine_without_a_way_says_so(ways: Ways) -> None:
    ways["192.0.2.1"] = ""
    with pytest.raises(
        NoAddress, match=r"^main: no address .*auto: the system knows no"
    ):
        await Addresses(None).of(service(Auto()))


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        (Interface("eth0"), "192.168.7.4"),
        (Interface("eth0", 6), "2001:db8::9"),
        (Interface("eth0", None, 1), "2001:db8::9"),
        (Interface("eth1"), "10.2.0.1"),
        (Interface("eth1", 4, 1), "10.9.0.1"),
        (Network("10.0.0.0/8"), "10.2.0.1"),
        (Network("10.9.0.0/16"), "10.9.0.1"),
        (Network("2001:db8::/32"), "2001:db8::9"),
    ],
)
async def test_interfaces_and_networks_have_addresses(
    interfaces: Callable[..., None], rule: AddressRule, found: str
) -> None:
    assert await Addresses(None).of(service(rule)) == found


async def test_the_first_rule_that_finds_one_wins_and_all_are_named(
    interfaces: Callable[..., None],
) -> None:
    rules = (
        Interface("eth7"),
        Interface("eth1", 6),
        Interface("lo"),
        Network("172.16.0.0/12"),
    )
    of = Addresses(None).of
    assert await of(service(*rules, Network("10.0.0.0/8"))) == "10.2.0.1"
    with pytest.raises(NoAddress) as told:
        await of(service(*rules))
    assert told.value.problem == (
        "no address to announce (iface:eth7: no such interface, or no address on it; "
        "iface:eth1:inet6: has 0 such addresses; "
        "iface:lo: 127.0.0.1 is reached from this machine alone; "
        "cidr:172.16.0.0/12: no interface has an address in it)"
    )
    assert await of(service(*rules, allow_loopback=True)) == "127.0.0.1"


async def test_an_address_that_comes_and_goes_is_seen(
    interfaces: Callable[..., None],
) -> None:
    addresses = Addresses(None)
    wanted = service(Interface("eth0"))
    assert await addresses.of(wanted) == "192.168.7.4"
    interfaces(lo=["127.0.0.1"])
    with pytest.raises(NoAddress):
        await addresses.of(wanted)
    interfaces(eth0=["192.168.7.5"])
    assert await addresses.of(wanted) == "192.168.7.5"


def test_a_name_server_that_hangs_is_waited_for_once_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    go_on, asked = threading.Event(), []

    def source(toward: str) -> str:
        if toward == "store.example":
            asked.append(toward)
            go_on.wait(10)
            return ""
        return OURS

    monkeypatch.setattr(address, "_sent_from", source)

    async def ask() -> list[str]:
        addresses = Addresses("store.example")
        return [await addresses.of(service(Auto())) for _ in range(50)]

    assert asyncio.run(ask()) == [OURS] * 50
    go_on.set()
    assert len(asked) == 1


def test_the_real_machine_sends_from_somewhere() -> None:
    assert source_address(["127.0.0.1"]) == "127.0.0.1"
    # No datagram socket may be connected to a broadcast address without being asked.
    assert source_address(["255.255.255.255"]) == ""


async def test_a_store_whose_name_is_none_leaves_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = address._sent_from

    def source(toward: str) -> str:
        return OURS if toward == "192.0.2.1" else real(toward)

    monkeypatch.setattr(address, "_sent_from", source)
    for name in ("a..b", "a" * 64):
        assert await Addresses(name).of(service(Auto())) == OURS
