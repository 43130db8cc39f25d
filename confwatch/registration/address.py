"""Which address of this machine others can reach us by."""

import asyncio
import socket
from functools import partial

from confwatch.aio.threads import aside
from confwatch.model.address import AddressRule, Literal

# From the block that RFC 5737 keeps for documentation: nothing is sent there, the
# system only tells which of our addresses it would send from.
ANYWHERE = "192.0.2.1"
LOOPBACK = "127.0.0.1"


LOOK_UP_S = 1.0
"""A keeper has a lease to keep alive: it waits no longer for a name server."""


class Addresses:
    """Turns a service's ``address`` into the one to announce."""

    def __init__(self, toward: str | None) -> None:
        """Look from here.

        Args:
            toward: host of the store, from which readers come too; None where the
                store is on this machine.
        """
        self._toward = toward or ANYWHERE
        self._last: str | None = None
        self._asked: asyncio.Future[str] | None = None

    async def of(self, rule: AddressRule) -> str:
        """Return an IP address or host name as it is, and for "auto" our own.

        Where the store's name cannot be looked up the last answer stands; before the
        first one, the address is that of the way to anywhere.
        """
        if isinstance(rule, Literal):
            return rule.text
        if self._asked is None:
            looking = aside(partial(source_address, self._toward))
            self._asked = asyncio.wrap_future(looking)
            self._asked.add_done_callback(_seen)
        await asyncio.wait({self._asked}, timeout=LOOK_UP_S)
        if self._asked.done():
            asked, self._asked = self._asked, None
            if asked.exception() is None:
                self._last = asked.result()
        return self._last or nearest()


def _seen(asked: asyncio.Future[str]) -> None:
    """Take note of an error that may come when nobody asks any more."""
    if not asked.cancelled():
        asked.exception()


def nearest() -> str:
    """Return the address we send from; loopback where the system knows no way."""
    try:
        return source_address(ANYWHERE)
    except OSError:
        return LOOPBACK


def source_address(toward: str) -> str:
    """Return the address the system would send from. Blocks where *toward* is a name.

    Raises:
        OSError: the name is not known now, or there is no way.
    """
    family, kind, protocol, _, place = socket.getaddrinfo(
        toward, 9, type=socket.SOCK_DGRAM
    )[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.connect(place)  # of a datagram socket: sends nothing
        found: str = probe.getsockname()[0]
    return found
