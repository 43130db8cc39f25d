"""One watch: a request, and the answers that come for ever."""

import asyncio
from typing import TypeAlias

from confwatch.errors import SourceError, SourceUnavailable
from confwatch.stores.etcd.client import Client
from confwatch.stores.etcd.meaning import DENIED, UNAUTHENTICATED, Compacted
from confwatch.stores.etcd.ranges import Range
from confwatch.wire import etcd as wire
from confwatch.wire.lines import LineSplitter

CREATED_S = 5.0
"""A proxy that buffers answers holds back even the first line."""
MAX_LINE_BYTES = 64 << 20
"""Five values of 1 MB arrive as one line of 6.7 MB."""


class WentBack(SourceUnavailable):
    """The store's revision is lower than what we have seen: it is not the same one."""


class Unfit(SourceUnavailable):
    """No watch comes through: only a whole picture tells what there is."""


class Stream:
    """One watch from one revision on.

    Attributes:
        span: what is watched.
        cursor: the newest revision of which all events have been handed out.
        heard_at: the loop's time of the last line.
        begun: set once it stands, or failed to.
        stands: whether etcd took it up.
    """

    def __init__(self, span: Range, cursor: int, newest: int) -> None:
        """Prepare a watch.

        Args:
            span: what to watch.
            cursor: everything up to this revision has been told.
            newest: the store had this revision once; a lower one is another store's.
        """
        self.span = span
        self.cursor = cursor
        self._newest = newest
        self.begun = asyncio.Event()
        self.stands = False
        self.heard_at = asyncio.get_running_loop().time()

    async def run(self, client: Client, inbox: "asyncio.Queue[Told | None]") -> None:
        """Put every answer into *inbox*; the error that ends it comes last."""
        try:
            await self._read(client, inbox)
        except SourceError as error:
            self.stands = False
            self.begun.set()
            await inbox.put((self, error))

    async def _read(self, client: Client, inbox: "asyncio.Queue[Told | None]") -> None:
        """Read lines until the stream breaks.

        Raises:
            SourceError: always; a watch does not end well.
        """
        loop = asyncio.get_running_loop()
        body = wire.watch_body(self.span.key, self.span.end, self.cursor + 1)
        lines = LineSplitter(client.shown, MAX_LINE_BYTES)
        try:
            async with (
                asyncio.timeout(CREATED_S) as first,
                client.stream("/v3/watch", body) as content,
            ):
                async for piece in content.iter_any():
                    self.heard_at = loop.time()
                    for line in lines.feed(piece):
                        answer = self._understood(client, line)
                        if answer.created:
                            first.reschedule(None)
                            self.stands = True
                            self.begun.set()
                        await inbox.put((self, answer))
        except TimeoutError as error:
            client.next_endpoint()
            problem = "a watch does not begin; does a proxy hold back its answers?"
            raise Unfit(client.shown, problem) from error
        client.next_endpoint()
        raise SourceUnavailable(client.shown, "the watch ended")

    def _understood(self, client: Client, line: bytes) -> wire.WatchAnswer:
        """Read one line.

        Raises:
            SourceError: it says that the watch is over, or was never begun.
        """
        told = wire.decode(client.shown, line, wire.WatchLine)
        if told.error is not None:
            raise client.failure(told.error.grpc_code, told.error.message)
        answer = told.result or wire.WatchAnswer()
        if answer.canceled:
            # Not the connection's end: it would stay open and silent for ever.
            raise self._canceled(client, answer)
        if answer.created and answer.header.revision < self._newest:
            # Etcd accepts a watch from a revision it has not reached, and is silent.
            raise WentBack(client.shown, "its revision went back")
        return answer

    def _canceled(self, client: Client, answer: wire.WatchAnswer) -> SourceError:
        """Return why etcd gave the watch up."""
        reason = answer.cancel_reason or "the watch was canceled"
        if answer.compact_revision:
            return Compacted(client.shown, f"compacted at {answer.compact_revision}")
        if "permission denied" in reason:
            return client.failure(DENIED, reason)
        if "auth token" in reason:
            return client.failure(UNAUTHENTICATED, reason)
        return SourceUnavailable(client.shown, reason)


Told: TypeAlias = tuple[Stream, wire.WatchAnswer | SourceError]
"""What a stream puts into an inbox."""
