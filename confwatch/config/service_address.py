"""The ``address:`` of a service: rules by which others' way to it is found.

Reads the environment; looks at no interface and asks no network.
"""

import ipaddress
import re

from confwatch.config import scalars
from confwatch.config.host import Host
from confwatch.config.nodes import Items, Node
from confwatch.config.places import Place, Placed, quoted
from confwatch.config.readers import list_of, placed, scalar
from confwatch.model.address import AddressRule, Auto, Interface, Literal, Network

_INTERFACE = re.compile(r"iface:([^\s/:\[\]]{1,15})(?::(inet6?))?(?:\[([0-9]{1,3})\])?")
_FAMILIES = {None: None, "inet": 4, "inet6": 6}
_EVERYWHERE = {str(ipaddress.IPv4Address(0)), str(ipaddress.IPv6Address(0))}
_KNOWN = "an IP address, a host name, env:NAME, iface:NAME, cidr:NETWORK or auto"


def read_address(node: Node, place: Place) -> tuple[Placed[str], ...]:
    """Read one rule, or a list of them."""
    one = placed(scalar(scalars.filled))
    if not isinstance(node, Items):
        return (one(node, place),)
    if not node.items:
        raise place.refuse(f"expected {_KNOWN}")
    return list_of(one)(node, place)


def address_rules(
    written: tuple[Placed[str], ...] | None, host: Host, *, loopback: bool
) -> tuple[AddressRule, ...]:
    """Return the rules in the order they are tried.

    In a list, a variable that is not set is a rule that finds nothing.

    Args:
        written: None for the default.
        host: knows the environment.
        loopback: whether an address that only this machine reaches is meant.
    """
    if written is None:
        return (Auto(),)
    lone = len(written) == 1
    rules: list[AddressRule] = []
    for one in written:
        if not lone and host.lacks(one.value):
            continue
        if rules and isinstance(rules[-1], Literal):
            one.place.warn(
                f"is never tried: {rules[-1].text} before it always is there"
            )
        rules.append(_rule(host.resolved(one.value, one.place), one.place))
        _judge_loopback(rules[-1], one.place, loopback=loopback)
    if not rules:
        raise written[-1].place.refuse("none of these variables is set")
    return tuple(rules)


def _rule(text: str, place: Place) -> AddressRule:
    """Return one rule."""
    if text == "auto":
        return Auto()
    kind, _, rest = text.partition(":")
    if kind == "iface":
        return _interface(text, place)
    if kind == "cidr":
        return Network(_network(rest, place))
    try:
        host = scalars.host(text)
    except ValueError:
        raise place.refuse(f"expected {_KNOWN}, got {quoted(text)}") from None
    if host in _EVERYWHERE:
        raise place.refuse(f"{text} means every address: nobody can reach it")
    return Literal(host)


def _interface(text: str, place: Place) -> Interface:
    found = _INTERFACE.fullmatch(text)
    if found is None:
        known = "iface:eth0, iface:eth0:inet6 or iface:eth0[1]"
        raise place.refuse(f"expected {known}, got {quoted(text)}")
    return Interface(found[1], _FAMILIES[found[2]], int(found[3] or 0))


def _network(text: str, place: Place) -> str:
    """Return a network as it is written; host bits are a slip of the pen."""
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        pass
    try:
        meant = f"; did you mean cidr:{ipaddress.ip_network(text, strict=False)}?"
    except ValueError:
        meant = ""
    raise place.refuse(f"expected cidr:10.0.0.0/8, got {quoted(f'cidr:{text}')}{meant}")


def _judge_loopback(rule: AddressRule, place: Place, *, loopback: bool) -> None:
    """Warn of an address that leads everybody to himself."""
    match rule:
        case Literal(text) if not loopback and _is_loopback(text):
            place.warn(f"{text} is reached from this machine alone; allow_loopback?")
        case _:
            pass


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return text.lower().rstrip(".") == "localhost"
