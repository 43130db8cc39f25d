"""Finds a member's address, in a thread that nobody has to wait for.

A name server that does not answer keeps a thread for half a minute; the loop's own
threads would keep the end of the process as long.
"""

import asyncio
import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from confwatch.aio.threads import aside


class Resolver(AbstractResolver):
    """Asks as the system does: its hosts file, its name servers."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of *host*.

        Raises:
            OSError: it has none, or nobody could tell.
        """
        kind, flags = socket.SOCK_STREAM, socket.AI_ADDRCONFIG
        asked = aside(lambda: socket.getaddrinfo(host, port, family, kind, flags=flags))
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=int(address[1]),
                family=found,
                proto=proto,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found, _, proto, _, address in await asyncio.wrap_future(asked)
        ]

    async def close(self) -> None:
        """Hold nothing."""
