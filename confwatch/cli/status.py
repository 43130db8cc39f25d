"""``confwatch status`` and ``confwatch apply``: talk to the running daemon."""

import asyncio
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from confwatch.cli.options import FAILED, common, settings_of, told
from confwatch.errors import ConfigError, SourceUnavailable

if TYPE_CHECKING:
    from confwatch.config.admin import AdminAddress

TIMEOUT_S = 5.0
MOST_CHARS = 70
"""Of a cell of a table; --json tells all of it."""


@click.command()
@common
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def status(*, as_json: bool, **options: str | None) -> None:
    """Show how the daemon's stores, resources and services are.

    Exit status: 0 all is in place and read, 1 something is not, or no daemon answers.
    """
    with told():
        settings = settings_of(options)
        code, told_status = asyncio.run(_ask(settings.admin, "GET", "/api/status"))
        if code != OK:
            raise SourceUnavailable(str(settings.admin), f"answered {code}")
        if as_json:
            click.echo(json.dumps(told_status, indent=2))
        else:
            _show(told_status)
        fine = all(one["state"] == "in place" for one in told_status["resources"])
        sys.exit(0 if fine and not told_status["problems"] else FAILED)


OK = 200
NOT_FOUND = 404


@click.command()
@click.argument("resource")
@common
@click.option(
    "--allow-empty",
    is_flag=True,
    help="Also where it is held because a prefix came back empty.",
)
def apply(*, resource: str, allow_empty: bool, **options: str | None) -> None:
    """Make a pass of RESOURCE now."""
    with told():
        settings = settings_of(options)
        from confwatch.config.admin import TcpAddress

        if isinstance(settings.admin, TcpAddress):
            problem = "a port only shows: everybody can reach it; this needs unix:PATH"
            raise ConfigError("", None, "admin", problem)
        query = "?allow_empty=true" if allow_empty else ""
        path = f"/api/apply/{resource}{query}"
        code, answer = asyncio.run(_ask(settings.admin, "POST", path))
        if code == NOT_FOUND:
            raise ConfigError("", None, "RESOURCE", str(answer["error"]))
        click.echo(f"applying {resource}; see: confwatch status")


async def _ask(
    place: "AdminAddress | None", method: str, path: str
) -> tuple[int, dict[str, Any]]:
    """Ask the admin server; return its status code and answer.

    Raises:
        SourceUnavailable: no daemon answers there.
    """
    import aiohttp

    from confwatch.config.admin import UnixAddress

    if place is None:
        raise ConfigError("", None, "admin", "is off: there is nobody to ask")
    connector: aiohttp.BaseConnector | None = None
    base = f"http://{place}"
    if isinstance(place, UnixAddress):
        connector = aiohttp.UnixConnector(str(place.path))
        base = "http://confwatch"
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.request(method, base + path) as response,
        ):
            return response.status, await response.json()
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        problem = f"no daemon answers ({type(error).__name__})"
        raise SourceUnavailable(str(place), problem) from error


def _show(told_status: Mapping[str, Any]) -> None:
    """Print the tables people read."""
    now = told_status["now"]
    ready = "ready" if told_status["ready"] else "not ready"
    up = _ago(now - told_status["started_at"])
    version, pid = told_status["version"], told_status["pid"]
    click.echo(f"confwatch {version}, process {pid}, up {up}, {ready}\n")
    _table(
        ("STORE", "URL", "STATE", "KEYS", "REVISION", "ERROR"),
        (
            (s["name"], s["url"], _store_state(s), s["keys"], s["revision"], s["error"])
            for s in told_status["stores"]
        ),
    )
    _table(
        ("RESOURCE", "STATE", "CHANGED", "BECAUSE", "OWED", "ERROR"),
        (_resource_row(one, now) for one in told_status["resources"]),
    )
    if told_status["services"]:
        _table(
            ("SERVICE", "STORE", "STATE", "CONFIRMED", "LOSSES", "ERROR"),
            (
                (
                    s["id"],
                    s["store"],
                    s["state"],
                    "" if s["confirmed_s"] is None else f"{s['confirmed_s']:g}s ago",
                    s["losses"],
                    s["error"],
                )
                for s in told_status["services"]
            ),
        )
    for problem in told_status["problems"]:
        click.echo(f"refused: {problem}")


def _store_state(store: Mapping[str, Any]) -> str:
    failing_s = store["failing_s"]
    return f"failing {_ago(failing_s)}" if failing_s else store["state"]


def _resource_row(one: Mapping[str, Any], now: float) -> tuple[Any, ...]:
    """Make the row of one resource."""
    changed_at, last, owed = one["changed_at"], one["last"], one["owed"]
    because, error = "", None
    if last is not None:
        keys = ", ".join(last["keys"][:2])
        more = ", ..." if last["key_count"] > len(last["keys"][:2]) else ""
        because = keys + more or ", ".join(last["reasons"])
        error = last["error"] or (
            "empty: " + ", ".join(last["empty"]) if last["empty"] else None
        )
    return (
        one["name"],
        one["state"],
        "" if changed_at is None else f"{_ago(now - changed_at)} ago",
        because,
        "" if owed is None else owed["reload"],
        error or (owed and owed["error"]),
    )


def _ago(seconds: float) -> str:
    """Say a span in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


def _table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows in columns as wide as their widest cell."""
    cells = [list(head), *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
    click.echo()


def _cell(value: object) -> str:
    """Return one cell: one line, cut to where a table still is one."""
    text = "" if value is None else str(value).replace("\n", " ")
    # Keys may hold bytes that are no text.
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 1]}…"
