"""Asks the running daemon, through its admin server."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from confwatch.errors import ConfigError, SourceUnavailable

if TYPE_CHECKING:
    from confwatch.config.admin import AdminAddress
    from confwatch.config.settings import Settings

TIMEOUT_S = 5.0
OK, ACCEPTED, NOT_FOUND = 200, 202, 404


async def status_of(settings: "Settings") -> dict[str, Any]:
    """Return all that the daemon tells of itself.

    Raises:
        ConfigError: the admin server is off.
        SourceUnavailable: no daemon answers there.
    """
    code, answer = await _ask(settings.admin, "GET", "/api/status")
    if code != OK:
        raise SourceUnavailable(str(settings.admin), f"answered {code}")
    return answer


async def order(
    settings: "Settings", verb: str, name: str, query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Have the daemon do something with what *name* names; return its answer.

    Raises:
        ConfigError: there is nothing of that name, or this is not the place to ask.
        SourceUnavailable: no daemon answers there, or it cannot.
    """
    from confwatch.config.admin import TcpAddress

    if isinstance(settings.admin, TcpAddress):
        problem = "a port only shows: everybody can reach it; this needs unix:PATH"
        raise ConfigError("", None, "admin", problem)
    if not name:
        raise ConfigError("", None, "NAME", "is empty")
    path = f"/api/{verb}/{quote(name, safe='')}"
    code, answer = await _ask(settings.admin, "POST", path, query)
    if code == NOT_FOUND:
        raise ConfigError("", None, "NAME", str(answer["error"]))
    if code != ACCEPTED:
        raise SourceUnavailable(str(settings.admin), str(answer.get("error", code)))
    return answer


async def _ask(
    place: "AdminAddress | None",
    method: str,
    path: str,
    query: Mapping[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """Ask the admin server; return its status code and answer.

    Raises:
        ConfigError: it is off.
        SourceUnavailable: no daemon answers there.
    """
    import aiohttp
    from yarl import URL

    from confwatch.config.admin import UnixAddress

    if place is None:
        raise ConfigError("", None, "admin", "is off: there is nobody to ask")
    connector: aiohttp.BaseConnector | None = None
    base = f"http://{place}"
    if isinstance(place, UnixAddress):
        connector = aiohttp.UnixConnector(str(place.path))
        base = "http://confwatch"
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    url = URL(base + path, encoded=True).update_query(query)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.request(method, url) as response,
        ):
            return response.status, await response.json()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        problem = f"no daemon answers ({type(error).__name__})"
        raise SourceUnavailable(str(place), problem) from error
