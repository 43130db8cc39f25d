"""Which address of this machine others can reach us by."""

import asyncio
import ipaddress
import math
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from confwatch.aio.asides import Asides
from confwatch.errors import NoAddress
from confwatch.model.address import AddressRule, Auto, Interface, Literal, Network
from confwatch.model.service import Service
from confwatch.registration.interfaces import (
    of_interface,
    of_network,
    read_interfaces,
)

T = TypeVar("T")

# From the blocks that RFC 5737 and RFC 3849 keep for documentation: nothing is sent
# there, the system only tells which of our addresses it would send from.
ANYWHERE = ("192.0.2.1", "2001:db8::1")

LOOK_UP_S = 1.0
"""A keeper has a lease to keep alive: it waits no longer for a name server."""
FRESH_S = 1.0
"""Hundreds of services are looked at in one go; the machine is asked once for them."""
LATE_S = 5.0
"""After an answer that did not come: hundreds of services must not wait for each."""


class Addresses:
    """Turns the rules of a service into the address to announce, each time anew."""

    def __init__(self, toward: str | None) -> None:
        """Look from here.

        Args:
            toward: host of the store, from which readers come too; None where the
                store is on this machine.
        """
        ways = ANYWHERE if toward is None else (toward, *ANYWHERE)
        self._way = _Remembered(partial(source_address, ways))
        self._way_out = _Remembered(partial(source_address, ANYWHERE))
        self._interfaces = _Remembered(read_interfaces)

    async def of(self, service: Service) -> str:
        """Return an IP address, or the host name that is written.

        The rules are tried in their order. An address that only this machine reaches
        is none, unless the service allows it. Where the store's name cannot be looked
        up the last answer stands; before the first one, the way to anywhere tells.

        Raises:
            NoAddress: no rule finds one now.
        """
        tried: list[str] = []
        for rule in service.address:
            found, problem = await self._found(rule)
            written = isinstance(rule, Literal) or service.allow_loopback
            if found and (written or not _is_loopback(found)):
                return found
            local = f"{found} is reached from this machine alone"
            tried.append(f"{rule}: {local if found else problem}")
        raise NoAddress(service.store, f"no address to announce ({'; '.join(tried)})")

    async def _found(self, rule: AddressRule) -> tuple[str, str]:
        """Return what one rule finds, else "" and why that is nothing."""
        match rule:
            case Literal(text):
                return text, ""
            case Auto():
                found = await self._way.now() or await self._way_out.now()
                return found or "", "the system knows no way out"
            case Interface():
                return of_interface(rule, await self._interfaces.now() or ())
            case Network():
                return of_network(rule, await self._interfaces.now() or ())


class _Remembered(Generic[T]):
    """An answer of the machine, asked for aside, and the last one while it is late."""

    def __init__(self, ask: Callable[[], T]) -> None:
        self._ask = ask
        self._asides: Asides[T] = Asides()
        self._last: T | None = None
        self._next_at = -math.inf

    async def now(self) -> T | None:
        """Return the answer; None where there never was one."""
        time = asyncio.get_running_loop().time
        if time() >= self._next_at:
            try:
                async with asyncio.timeout(LOOK_UP_S):
                    self._last = await self._asides.of("", self._ask)
            except OSError:  # a TimeoutError is one
                self._next_at = time() + LATE_S
            else:
                self._next_at = time() + FRESH_S
        return self._last


def source_address(ways: Sequence[str]) -> str:
    """Return the address the system would send from; "" where it knows no way.

    Blocks where the first of *ways* is a name.

    Args:
        ways: hosts in the order they are tried. One that is reached over loopback, as
            a store on this machine, says nothing unless there is no other way.

    Raises:
        OSError: a name is not known now, which says nothing about the ways.
    """
    local = ""
    for toward in ways:
        found = _sent_from(toward)
        if found and not _is_loopback(found):
            return found
        local = local or found
    return local


def _sent_from(toward: str) -> str:
    try:
        found = socket.getaddrinfo(toward, 9, type=socket.SOCK_DGRAM)
    except UnicodeError as error:
        # No name server could know of such a name.
        raise OSError(f"{toward} is no name of a host") from error
    family, kind, protocol, _, place = found[0]
    try:
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(place)  # of a datagram socket: sends nothing
            source: str = probe.getsockname()[0]
    except OSError:
        return ""
    return source


def _is_loopback(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return address.is_loopback or address.is_unspecified
