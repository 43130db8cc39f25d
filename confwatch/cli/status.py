"""``confwatch status`` and ``confwatch apply``: talk to the running daemon."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from confwatch.cli.asking import order, status_of
from confwatch.cli.options import FAILED, common, settings_of, told, visible
from confwatch.cli.services import show_services
from confwatch.cli.tables import ago, table


@click.command()
@common
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def status(*, as_json: bool, **options: str | None) -> None:
    """Show how the daemon's stores, resources and services are.

    Exit status: 0 all is in place and read, 1 something is not, or no daemon answers.
    """
    with told():
        settings = settings_of(options)
        told_status = asyncio.run(status_of(settings))
        if as_json:
            click.echo(json.dumps(told_status, indent=2))
        else:
            _show(told_status)
        fine = all(one["state"] == "in place" for one in told_status["resources"])
        sys.exit(0 if fine and not told_status["problems"] else FAILED)


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
        query = {"allow_empty": "true"} if allow_empty else None
        asyncio.run(order(settings, "apply", resource, query))
        click.echo(f"applying {resource}; see: confwatch status")


def _show(told_status: Mapping[str, Any]) -> None:
    """Print the tables people read."""
    now = told_status["now"]
    ready = "ready" if told_status["ready"] else "not ready"
    up = ago(now - told_status["started_at"])
    version, pid = told_status["version"], told_status["pid"]
    click.echo(f"confwatch {version}, process {pid}, up {up}, {ready}\n")
    table(
        ("STORE", "URL", "STATE", "KEYS", "REVISION", "ERROR"),
        (
            (s["name"], s["url"], _store_state(s), s["keys"], s["revision"], s["error"])
            for s in told_status["stores"]
        ),
    )
    table(
        ("RESOURCE", "STATE", "CHANGED", "BECAUSE", "OWED", "ERROR"),
        (_resource_row(one, now) for one in told_status["resources"]),
    )
    if told_status["services"]:
        show_services(told_status)
    for one in told_status["resources"]:
        for record, problem in one["skipped_records"].items():
            click.echo(visible(f"skipped by {one['name']}: {record} {problem}"))
        more = one["skipped"] - len(one["skipped_records"])
        if more:
            click.echo(f"skipped by {one['name']}: {more} more")
    for problem in told_status["problems"]:
        click.echo(f"refused: {problem}")


def _store_state(store: Mapping[str, Any]) -> str:
    """Say how a store is, and how often its watch kept something from us."""
    failing_s, missed = store["failing_s"], store["missed"]
    state: str = f"failing {ago(failing_s)}" if failing_s else store["state"]
    return f"{state}, missed {missed}" if missed else state


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
        "" if changed_at is None else f"{ago(now - changed_at)} ago",
        because,
        "" if owed is None else owed["reload"],
        error or (owed and owed["error"]) or _drifted(one["drifted"]),
    )


def _drifted(targets: Sequence[str]) -> str:
    """Name the targets that somebody else changed and that are left so."""
    return f"drifted: {', '.join(targets)}" if targets else ""
