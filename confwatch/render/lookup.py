"""Asks the name servers of this machine. Everything here blocks."""

import socket

from confwatch.model.reads import Name
from confwatch.render.functions.names import Answer, Service

SRV_S = 5.0
_NO_SUCH = (socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY)
"""What getaddrinfo says of a name without addresses.

All else says nothing of it: EAI_FAIL is a name server that did not understand.
"""


def look_up(name: Name) -> Answer:
    """Return what is behind a name, sorted; nothing where it does not exist.

    Raises:
        OSError: nobody answered.
    """
    return _addresses(name.text) if name.kind == "ip" else _services(name.text)


def _addresses(host: str) -> tuple[str, ...]:
    """Ask as every program here does: the hosts file first."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno not in _NO_SUCH:
            raise
        return ()
    except UnicodeError:
        return ()  # no name server could know of such a name
    return tuple(sorted({str(address[0]) for *_, address in found}))


def _services(name: str) -> tuple[Service, ...]:
    """Ask the name servers themselves: nobody else knows SRV records.

    Raises:
        OSError: nobody answered.
    """
    import dns.exception
    import dns.rdtypes.IN.SRV
    import dns.resolver

    try:
        # Made anew: it reads what resolv.conf says now, as getaddrinfo does.
        answer = dns.resolver.Resolver().resolve(name, "SRV", lifetime=SRV_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except dns.exception.DNSException as error:
        raise OSError(str(error)) from error
    found = [
        Service(str(one.target), one.port, one.priority, one.weight)
        for one in answer
        if isinstance(one, dns.rdtypes.IN.SRV.SRV)
    ]
    return tuple(sorted(found, key=_text))


def _text(one: Service) -> str:
    return f"{one.Target}{one.Port}{one.Priority}{one.Weight}"
