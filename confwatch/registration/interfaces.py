"""The addresses that this machine's network interfaces have."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import ifaddr

from confwatch.model.address import Interface, Network

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Held:
    """One address of one interface."""

    interface: str
    address: IPAddress


def read_interfaces() -> Sequence[Held]:
    """Ask the kernel; blocks. Sorted by interface, then IPv4 first, then by address.

    Link-local addresses are left out: nobody can use one without naming an interface
    of his own.

    Raises:
        OSError: the kernel did not answer.
    """
    found = [
        Held(adapter.name, address)
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if not (address := _address(ip.ip)).is_link_local
    ]
    return sorted(found, key=_order)


def of_interface(rule: Interface, held: Sequence[Held]) -> tuple[str, str]:
    """Return the address that a rule finds, else "" and why there is none."""
    own = [one.address for one in held if one.interface == rule.name]
    if not own:
        return "", "no such interface, or no address on it"
    if rule.family is not None:
        own = [one for one in own if one.version == rule.family]
    if rule.index >= len(own):
        return "", f"has {len(own)} such addresses"
    return str(own[rule.index]), ""


def of_network(rule: Network, held: Sequence[Held]) -> tuple[str, str]:
    """Return the first address inside a network, else "" and why there is none."""
    network = ipaddress.ip_network(rule.cidr)
    for one in held:
        if one.address in network:
            return str(one.address), ""
    return "", "no interface has an address in it"


def _address(ip: str | tuple[str, int, int]) -> IPAddress:
    """Read an address as ifaddr gives it: of IPv6 with flow and scope."""
    return ipaddress.ip_address(ip if isinstance(ip, str) else ip[0])


def _order(one: Held) -> tuple[str, int, int]:
    return one.interface, one.address.version, int(one.address)
