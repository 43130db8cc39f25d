"""Looks host names up for checks, without the threads that others work in."""

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from aiohttp.abc import AbstractResolver, ResolveResult

from confwatch.aio.asides import Asides


class Way(NamedTuple):
    """One way to a host's port, as the system's socket calls take it."""

    family: socket.AddressFamily
    kind: socket.SocketKind
    protocol: int
    place: tuple[object, ...]


class Resolver(AbstractResolver):
    """Asks as every program here does; a name server that hangs holds up only us."""

    def __init__(self) -> None:
        self._asides: Asides[list[Way]] = Asides()

    async def find(self, host: str, port: int) -> list[Way]:
        """Return where a host's port is, in the order to try.

        Raises:
            OSError: the name is not known now.
        """
        with suppress(socket.gaierror):
            return _ways(host, port, socket.AI_NUMERICHOST)  # of an address: no wait
        return await self._asides.of((host, port), partial(_ways, host, port))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Answer aiohttp."""
        return [
            ResolveResult(
                hostname=host,
                host=str(way.place[0]),
                port=port,
                family=way.family,
                proto=way.protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for way in await self.find(host, port)
            if family in (socket.AF_UNSPEC, way.family)
        ]

    async def close(self) -> None:
        """Leave what is asked to its own end."""


async def connect(resolver: Resolver, host: str, port: int) -> None:
    """Open a connection and close it, at the first of the host's addresses that will.

    Raises:
        OSError: none will; the last one's reason.
    """
    loop = asyncio.get_running_loop()
    refused = OSError(f"{host} has no address")
    for way in await resolver.find(host, port):
        with socket.socket(way.family, way.kind, way.protocol) as probe:
            probe.settimeout(0)
            try:
                await loop.sock_connect(probe, way.place)
            except OSError as error:
                refused = error
            else:
                return
    raise refused


def _ways(host: str, port: int, flags: int = 0) -> list[Way]:
    """Ask as every program here does, the hosts file first; blocks for a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [
        Way(family, kind, protocol, place) for family, kind, protocol, _, place in found
    ]
