"""Asks etcd over HTTP: endpoints, TLS and tokens."""

import io
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import aiohttp

from confwatch.errors import SourceError, SourceRejected, SourceUnavailable
from confwatch.model.secret import Secret
from confwatch.stores.etcd.meaning import Stale, meaning
from confwatch.stores.etcd.options import Options, tls
from confwatch.stores.etcd.resolver import Resolver
from confwatch.wire import etcd as wire

T = TypeVar("T")

CALL_S = 5.0
LIST_S = 30.0
CONNECT_S = 3.0
"""Its name is looked up within this as well."""
READ_BYTES = 1 << 20
OK = 200
_KEEP_IDLE_S, _KEEP_INTERVAL_S, _KEEP_TRIES = 30, 10, 3


class Endpoints:
    """The members of a cluster, and which one is asked now.

    It outlives the connections: one that failed is not where the next one begins.
    """

    def __init__(self, urls: tuple[str, ...]) -> None:
        self._urls = urls
        self._at = 0

    @property
    def url(self) -> str:
        """Whom to ask."""
        return self._urls[self._at]

    def next(self) -> None:
        """Ask another one from now on."""
        self._at = (self._at + 1) % len(self._urls)


class Client:
    """One connection pool to one etcd cluster; asks one endpoint at a time."""

    def __init__(
        self, options: Options, endpoints: Endpoints, session: aiohttp.ClientSession
    ) -> None:
        self.options = options
        self._endpoints = endpoints
        self._session = session
        self._token: str | None = None

    @property
    def shown(self) -> str:
        """The store's URL for people and logs."""
        return self.options.shown

    async def call(
        self,
        path: str,
        body: wire.Body,
        kind: type[T],
        *,
        timeout_s: float = CALL_S,
        anywhere: bool = False,
    ) -> T:
        """Ask for one answer.

        A stale token is renewed once. An endpoint that cannot be reached at all is
        passed over; after any other failure the next call goes to the next one.

        Args:
            path: below the endpoint.
            body: what is asked.
            kind: of the answer.
            timeout_s: of each endpoint.
            anywhere: to ask twice does no harm, so whoever fails is passed over.

        Raises:
            SourceUnavailable, SourceRejected, SourceGarbled: see ``contracts.Source``;
                Compacted, Denied and NotFound among them.
        """
        for _ in self.options.endpoints[1:]:
            try:
                return await self._authorized(path, body, kind, timeout_s)
            except SourceUnavailable as error:
                if not anywhere and not isinstance(error, _Unreachable):
                    raise
        return await self._authorized(path, body, kind, timeout_s)

    @asynccontextmanager
    async def stream(
        self, path: str, body: wire.Body
    ) -> AsyncIterator[aiohttp.StreamReader]:
        """Hold open an answer without end.

        Raises:
            SourceUnavailable, SourceRejected: as ``call``.
        """
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_S)
        headers = await self._headers()
        async with (
            self._translated(),
            self._session.post(
                self._url(path), data=_payload(body), headers=headers, timeout=timeout
            ) as answer,
        ):
            if answer.status != OK:
                raise self._refused(answer.status, await answer.read())
            if answer.connection is not None and answer.connection.transport:
                _keep_alive(answer.connection.transport.get_extra_info("socket"))
            yield answer.content

    def next_endpoint(self) -> None:
        """Ask another endpoint from now on."""
        self._endpoints.next()

    async def _authorized(
        self, path: str, body: wire.Body, kind: type[T], timeout_s: float
    ) -> T:
        """Ask the endpoint of the moment, with a new token where the old one died."""
        try:
            return await self._post(path, body, kind, timeout_s)
        except Stale:
            return await self._post(path, body, kind, timeout_s)

    async def _post(
        self, path: str, body: wire.Body, kind: type[T], timeout_s: float
    ) -> T:
        """Ask once."""
        timeout = aiohttp.ClientTimeout(
            total=timeout_s, connect=CONNECT_S, sock_read=CALL_S
        )
        headers = await self._headers() if path != "/v3/auth/authenticate" else {}
        async with (
            self._translated(),
            self._session.post(
                self._url(path), data=_payload(body), headers=headers, timeout=timeout
            ) as answer,
        ):
            raw = await answer.read()
            if answer.status != OK:
                raise self._refused(answer.status, raw)
        return wire.decode(self.shown, raw, kind)

    async def _headers(self) -> dict[str, str]:
        """Return the headers of every request.

        Without hasleader, a member that lost its quorum keeps a watch open and silent.
        """
        headers = {"Grpc-Metadata-hasleader": "true"}
        if self.options.user is not None:
            if self._token is None:
                self._token = await self._authenticate(self.options.user)
            headers["Authorization"] = self._token
        return headers

    async def _authenticate(self, user: str) -> str:
        """Return a new token.

        Raises:
            SourceRejected: the password is wrong, or its file cannot be read.
        """
        password = self.options.password or Secret("")
        if self.options.password_file is not None:
            try:
                text = self.options.password_file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                problem = f"cannot read the password file: {type(error).__name__}"
                raise SourceRejected(self.shown, problem) from error
            password = Secret(text.removesuffix("\n"))
        body = {"name": user, "password": password.reveal()}
        path = "/v3/auth/authenticate"
        return (await self._post(path, body, wire.AuthAnswer, CALL_S)).token

    def _url(self, path: str) -> str:
        return self._endpoints.url + path

    @asynccontextmanager
    async def _translated(self) -> AsyncIterator[None]:
        """Map what aiohttp raises, once; the next endpoint is asked next."""
        try:
            yield
        except aiohttp.ClientConnectorCertificateError as error:
            self.next_endpoint()
            problem = "its certificate is not to be trusted"
            raise SourceRejected(self.shown, problem) from error
        except aiohttp.ClientConnectorError as error:
            self.next_endpoint()
            problem = f"cannot connect: {error.strerror}"
            raise _Unreachable(self.shown, problem) from error
        except aiohttp.ConnectionTimeoutError as error:
            self.next_endpoint()
            raise _Unreachable(self.shown, "cannot connect in time") from error
        except TimeoutError as error:
            self.next_endpoint()
            raise SourceUnavailable(self.shown, "no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            self.next_endpoint()
            problem = f"the connection broke ({type(error).__name__})"
            raise SourceUnavailable(self.shown, problem) from error

    def _refused(self, status: int, raw: bytes) -> SourceError:
        """Return what a refusal means."""
        told = wire.refusal(raw)
        return self.failure(told.code, told.message or told.error or f"HTTP {status}")

    def failure(self, code: int, message: str) -> SourceError:
        """Return what one of gRPC's codes means, in etcd's words."""
        kind, problem = meaning(code, message)
        if kind is Stale:
            # Without a token it was not the token: who we are is not believed.
            kind = Stale if self._token else SourceRejected
            self._token = None
        if kind is None:
            self.next_endpoint()
            kind = SourceUnavailable
        return kind(self.shown, problem)


class _Unreachable(SourceUnavailable):
    """Nothing was sent, so the next endpoint may be asked the same."""


@asynccontextmanager
async def connected(
    options: Options, endpoints: Endpoints | None = None
) -> AsyncIterator[Client]:
    """Hold a client for the block; leaving it closes all its sockets.

    Args:
        options: where etcd is and who we are.
        endpoints: whom earlier clients asked last.

    Raises:
        SourceRejected: a certificate file cannot be used.
    """
    connector = aiohttp.TCPConnector(ssl=tls(options), limit=0, resolver=Resolver())
    async with aiohttp.ClientSession(
        connector=connector, read_bufsize=READ_BYTES
    ) as session:
        yield Client(options, endpoints or Endpoints(options.endpoints), session)


def _payload(body: wire.Body) -> io.BytesIO:
    """Return a request's body; as a file, which is sent piece by piece."""
    return io.BytesIO(json.dumps(body).encode("ascii"))


def _keep_alive(connection: socket.socket | None) -> None:
    """Let the kernel notice a peer that is gone without a word."""
    if connection is None:
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, _KEEP_IDLE_S),
        (socket.TCP_KEEPINTVL, _KEEP_INTERVAL_S),
        (socket.TCP_KEEPCNT, _KEEP_TRIES),
    ):
        connection.setsockopt(socket.IPPROTO_TCP, option, value)
