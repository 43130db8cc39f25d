"""A wire between a client and a server that can be cut, slowed, half closed, swallowed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PIECE = 65536


class Proxy:
    """Hands bytes on between whoever connects and one server on this machine.

    Attributes:
        port: where to connect.
        cut_after: bytes of answers after which a connection is torn; None: never.
        piece: bytes of answers handed on at a time.
        swallow: whether nothing is handed on, in either direction.
        connections: how many there were so far.
    """

    def __init__(self, server_port: int) -> None:
        self.port = 0
        self.cut_after: int | None = None
        self.piece = _PIECE
        self.swallow = False
        self.connections = 0
        self._server_port = server_port
        self._clients: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()

    def tear(self) -> None:
        """Tear all connections there are: a reset, no goodbye."""
        for client in self._clients:
            client.transport.abort()

    def half_close(self) -> None:
        """Tell all clients that no more comes, and go on listening to them."""
        for client in self._clients:
            with suppress(OSError):
                client.write_eof()

    async def take(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Serve one connection."""
        self.connections += 1
        self._clients.add(writer)  # at once: who counts connections may tear this one
        try:
            far, to_far = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            self._clients.discard(writer)
            writer.transport.abort()
            return
        try:
            async with asyncio.TaskGroup() as group:
                asked = group.create_task(self._ask(reader, to_far))
                answered = group.create_task(self._answer(far, writer))
                self._pumps |= {asked, answered}
                await asyncio.wait(
                    {asked, answered}, return_when=asyncio.FIRST_COMPLETED
                )
                asked.cancel()
                answered.cancel()
        finally:
            self._pumps -= {asked, answered}
            self._clients.discard(writer)
            writer.transport.abort()
            to_far.transport.abort()

    async def end(self) -> None:
        """End all connections."""
        while self._pumps:
            for pump in self._pumps:
                pump.cancel()
            self.tear()
            await asyncio.sleep(0)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Hand on what is asked."""
        with suppress(OSError):
            while asked := await reader.read(_PIECE):
                if not self.swallow:
                    writer.write(asked)
                    await writer.drain()

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Hand on what is answered, as far as it shall go."""
        sent = 0
        with suppress(OSError):
            while answer := await reader.read(self.piece):
                if self.swallow:
                    continue
                if self.cut_after is not None and sent + len(answer) > self.cut_after:
                    writer.write(answer[: self.cut_after - sent])
                    await writer.drain()
                    return
                sent += len(answer)
                writer.write(answer)
                await writer.drain()


@asynccontextmanager
async def proxy(server_port: int) -> AsyncIterator[Proxy]:
    """Hold a proxy before a server for the block."""
    made = Proxy(server_port)
    server = await asyncio.start_server(made.take, "127.0.0.1", 0)
    try:
        made.port = server.sockets[0].getsockname()[1]
        yield made
    finally:
        server.close()
        await made.end()
        await server.wait_closed()
