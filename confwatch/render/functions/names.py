"""Host names, looked up beside the render and remembered for a while.

A name that does not exist is an empty list. A resolver that does not answer in time
leaves the last answer standing, so an outage of DNS does not empty a file.
"""

import socket
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass

import dns.exception
import dns.rdtypes.IN.SRV
import dns.resolver

from confwatch.render.refused import Refused

FRESH_S = 30.0
WAIT_S = 2.0
"""A render waits for a first answer no longer than this."""


@dataclass(frozen=True, slots=True)
class Service:
    """One SRV record, its fields by Go's names."""

    Target: str
    Port: int
    Priority: int
    Weight: int


Answer = tuple[str, ...] | tuple[Service, ...]


class Names:
    """The lookups of all templates, in threads of their own."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="names")
        self._answers: dict[tuple[str, ...], tuple[float, Answer]] = {}
        self._asked: dict[tuple[str, ...], Future[Answer]] = {}

    def lookupIP(self, host: str) -> list[str]:
        """Return the addresses of *host*, both families, sorted."""
        found = self._ask(("ip", host), lambda: _addresses(host))
        return [one for one in found if isinstance(one, str)]

    def lookupIPV4(self, host: str) -> list[str]:
        """Return the IPv4 addresses of *host*, sorted."""
        return [one for one in self.lookupIP(host) if "." in one and ":" not in one]

    def lookupIPV6(self, host: str) -> list[str]:
        """Return the IPv6 addresses of *host*, sorted."""
        return [one for one in self.lookupIP(host) if ":" in one]

    def lookupSRV(self, service: str, proto: str, name: str) -> list[Service]:
        """Return the SRV records, sorted by the text of all their fields."""
        whole = f"_{service}._{proto}.{name}" if service or proto else name
        found = self._ask(("srv", whole), lambda: _services(whole))
        return [one for one in found if isinstance(one, Service)]

    def _ask(self, what: tuple[str, ...], work: Callable[[], Answer]) -> Answer:
        """Return a fresh answer, or else the last one.

        Raises:
            Refused: there never was one, and none came in time.
        """
        at, last = self._answers.get(what, (float("-inf"), None))
        if last is not None and time.monotonic() - at < FRESH_S:
            return last
        asked = self._asked.get(what)
        if asked is None:
            asked = self._asked[what] = self._pool.submit(work)
        try:
            answer = asked.result(timeout=0 if last is not None else WAIT_S)
        except (NotInTime, OSError, dns.exception.DNSException) as error:
            if asked.done():
                del self._asked[what]
            if last is None:
                raise Refused(f"no answer about {what[1]} from DNS") from error
            return last
        del self._asked[what]
        self._answers[what] = (time.monotonic(), answer)
        return answer


def _addresses(host: str) -> tuple[str, ...]:
    """Ask the system's resolver; blocks."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_AGAIN, socket.EAI_SYSTEM):
            raise
        return ()
    return tuple(sorted({str(address[0]) for *_, address in found}))


def _services(name: str) -> tuple[Service, ...]:
    """Ask the name servers for SRV records; blocks."""
    try:
        answer = dns.resolver.resolve(name, "SRV", lifetime=5.0)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    found = [
        Service(str(one.target), one.port, one.priority, one.weight)
        for one in answer
        if isinstance(one, dns.rdtypes.IN.SRV.SRV)
    ]
    return tuple(sorted(found, key=_text))


def _text(one: Service) -> str:
    return f"{one.Target}{one.Port}{one.Priority}{one.Weight}"
