"""``confwatch services``, ``drain`` and ``undrain``: what we announce."""

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from confwatch.cli.asking import order, status_of
from confwatch.cli.options import DURATION, FAILED, common, settings_of, told
from confwatch.cli.tables import ago, table

if TYPE_CHECKING:
    from confwatch.config.settings import Settings

FINE = ("up", "drained")
LOOK_S = 0.1


@click.command()
@common
@click.option("--json", "as_json", is_flag=True, help="Print all of it as JSON.")
def services(*, as_json: bool, **options: str | None) -> None:
    """Show the services this daemon announces, and where each of them stands.

    Exit status: 0 all are up or drained, 1 some are not, or no daemon answers.
    """
    with told():
        now = asyncio.run(status_of(settings_of(options)))
        if as_json:
            click.echo(json.dumps(now["services"], indent=2))
        else:
            show_services(now)
        fine = all(one["state"] in FINE for one in now["services"])
        sys.exit(0 if fine else FAILED)


@click.command()
@click.argument("name")
@common
@click.option(
    "--wait",
    type=DURATION,
    default="10s",
    show_default=True,
    help="How long to wait until its records are gone.",
)
def drain(*, name: str, wait: float, **options: str | None) -> None:
    """Withdraw the services that NAME names: a name, an id, NAME/ID or STORE:NAME/ID.

    They stay away, also over a restart, until "undrain" with the same NAME.
    Exit status: 0 their records are gone, 1 not yet.
    """
    with told():
        settings = settings_of(options)
        left = asyncio.run(_drained(settings, name, wait))
        for one in left:
            click.echo(f"still announced: {one}", err=True)
        sys.exit(FAILED if left else 0)


@click.command()
@click.argument("name")
@common
def undrain(*, name: str, **options: str | None) -> None:
    """Announce again, once they deserve it, what "drain" withdrew by this NAME."""
    with told():
        asyncio.run(order(settings_of(options), "undrain", name))
        click.echo(f"no longer drained: {name}; see: confwatch services")


async def _drained(settings: "Settings", name: str, wait_s: float) -> Sequence[str]:
    """Drain, wait, and return what is announced still."""
    answer = await order(settings, "drain", name)
    named = set(answer["draining"])
    click.echo(f"draining {', '.join(sorted(named))}")
    loop = asyncio.get_running_loop()
    until = loop.time() + wait_s
    while True:
        now = await status_of(settings)
        left = [
            ref
            for one in now["services"]
            if (ref := f"{one['store']}:{one['name']}/{one['id']}") in named
            and one["state"] != "drained"
        ]
        if not left or loop.time() >= until:
            return left
        await asyncio.sleep(LOOK_S)


def show_services(told_status: Mapping[str, Any]) -> None:
    """Print the table of services."""
    now = told_status["now"]
    table(
        ("SERVICE", "STORE", "STATE", "SINCE", "CONFIRMED", "LOSSES", "WHY"),
        (
            (
                f"{one['name']}/{one['id']}",
                one["store"],
                one["state"],
                f"{ago(now - one['since'])} ago",
                "" if one["confirmed_s"] is None else f"{one['confirmed_s']:g}s ago",
                one["losses"],
                one["error"] or one["why"],
            )
            for one in told_status["services"]
        ),
    )
