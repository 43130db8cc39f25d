"""Which address of this machine others can reach us by."""

import socket

AUTO = "auto"
# From the block that RFC 5737 keeps for documentation: nothing is sent there, the
# system only tells which of our addresses it would send from.
ANYWHERE = "192.0.2.1"
LOOPBACK = "127.0.0.1"


def resolved(address: str, toward: str | None) -> str:
    """Turn a service's ``address`` into the one to announce.

    Args:
        address: an IP address or host name, taken as it is, or "auto".
        toward: host of the store, from which readers come too; None where the store is
            on this machine.
    """
    return address if address != AUTO else source_address(toward or ANYWHERE)


def source_address(toward: str) -> str:
    """Return the address the system would send from; loopback where it knows no way."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            toward, 9, type=socket.SOCK_DGRAM
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(place)  # of a datagram socket: sends nothing
            found: str = probe.getsockname()[0]
    except OSError:
        return LOOPBACK
    return found
