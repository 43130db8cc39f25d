"""The admin server: what the daemon knows of itself, for its operator only.

A unix socket, 0600, unless told otherwise.
"""

import errno
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web
from aiohttp.typedefs import Handler

from confwatch.config.admin import AdminAddress, TcpAddress, UnixAddress
from confwatch.errors import ConfigError, DiskError


class Operated(Protocol):
    """What an operator may ask of the daemon."""

    def snapshot(self) -> Mapping[str, Any]:
        """Return the JSON of /api/status."""
        ...

    def ready(self) -> bool:
        """Tell whether every resource's files are in place."""
        ...

    def apply(self, resource: str, *, allow_empty: bool) -> bool:
        """Give a resource a pass now; False where there is none of that name.

        Args:
            resource: its name.
            allow_empty: also where it is held for being empty.
        """
        ...

    async def drain(self, word: str) -> Sequence[str]:
        """Withdraw the services that *word* names, and tell which they are.

        Raises:
            DiskError: it could not be remembered, and so is not done.
        """
        ...

    async def undrain(self, word: str) -> bool:
        """End a drain; False where nothing is drained by this word.

        Raises:
            DiskError: it could not be remembered, and so is not done.
        """
        ...


class Admin:
    """The routes; what they answer is asked of the daemon."""

    def __init__(self, daemon: Operated) -> None:
        self._daemon = daemon

    def application(self, *, changes: bool) -> web.Application:
        """Make the web application.

        Args:
            changes: whether it may change anything. Everybody on the machine can
                reach a port, only its owner our socket.
        """
        application = web.Application(middlewares=[_told])
        application.router.add_get("/api/status", self._get_status)
        application.router.add_get("/readyz", self._get_ready)
        if changes:
            application.router.add_post("/api/apply/{name:[^/]+}", self._post_apply)
            application.router.add_post("/api/drain/{name:[^/]+}", self._post_drain)
            application.router.add_post("/api/undrain/{name:[^/]+}", self._post_undrain)
        return application

    async def _get_status(self, _request: web.Request) -> web.Response:
        return web.json_response(self._daemon.snapshot())

    async def _get_ready(self, _request: web.Request) -> web.Response:
        ready = self._daemon.ready()
        return web.json_response({"ready": ready}, status=200 if ready else 503)

    async def _post_apply(self, request: web.Request) -> web.Response:
        resource = request.match_info["name"]
        allow_empty = request.query.get("allow_empty") == "true"
        if self._daemon.apply(resource, allow_empty=allow_empty):
            return web.json_response({"applying": resource}, status=202)
        return _unknown(f"no resource {resource!r}")

    async def _post_drain(self, request: web.Request) -> web.Response:
        word = request.match_info["name"]
        named = await self._daemon.drain(word)
        if not named:
            return _unknown(f"no service {word!r}: give a name, an id or NAME/ID")
        return web.json_response({"draining": [*named]}, status=202)

    async def _post_undrain(self, request: web.Request) -> web.Response:
        word = request.match_info["name"]
        if not await self._daemon.undrain(word):
            return _unknown(f"nothing is drained by the name {word!r}")
        return web.json_response({"undrained": word}, status=202)


@web.middleware
async def _told(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer with what went wrong, where that is no bug."""
    try:
        return await handler(request)
    except DiskError as error:
        return web.json_response({"error": str(error)}, status=500)


def _unknown(problem: str) -> web.Response:
    return web.json_response({"error": problem}, status=404)


@asynccontextmanager
async def opened(admin: Admin, place: AdminAddress | None) -> AsyncIterator[None]:
    """Serve for the block.

    Args:
        admin: the routes.
        place: where to listen; None for nowhere.

    Raises:
        ConfigError: the place cannot be used.
    """
    if place is None:
        yield
        return
    try:
        listener = _listener(place)
    except OSError as error:
        raise ConfigError("", None, "admin", f"{place}: {error.strerror}") from error
    runner = web.AppRunner(
        admin.application(changes=isinstance(place, UnixAddress)), access_log=None
    )
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        yield
    finally:
        await runner.cleanup()
        listener.close()
        _remove(place)


def _listener(place: AdminAddress) -> socket.socket:
    """Bind the socket; a unix one is nobody else's before anybody can connect."""
    if isinstance(place, TcpAddress):
        family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
        return socket.create_server((place.host, place.port), family=family)
    path = place.path
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _remove_stale(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)  # before it listens, so nobody came in earlier
    except OSError:
        listener.close()
        raise
    return listener


def _remove(place: AdminAddress) -> None:
    """Remove our own socket."""
    if isinstance(place, UnixAddress):
        place.path.unlink(missing_ok=True)


def _remove_stale(path: Path) -> None:
    """Remove a socket that a killed daemon left, but not one that answers."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError as error:
            if path.exists() and not path.is_socket():
                raise OSError(errno.EEXIST, "no socket, but something else") from error
            with suppress(FileNotFoundError):
                path.unlink()
        except OSError:
            return
        else:
            raise OSError(errno.EADDRINUSE, "another daemon answers there")
