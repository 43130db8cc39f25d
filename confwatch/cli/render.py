"""``confwatch render``: what a pass would do, without doing it."""

import asyncio
import difflib
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from confwatch.cli.options import DURATION, FAILED, common, settings_of, told, visible
from confwatch.errors import ConfigError

if TYPE_CHECKING:
    from confwatch.daemon.declared import Declared
    from confwatch.model.resource import Resource
    from confwatch.model.steps import Comparison

WOULD_CHANGE = 2


@click.command()
@common
@click.option("--resource", "names", multiple=True, help="Only this one; repeatable.")
@click.option("--diff", is_flag=True, help="Show differences instead of contents.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the files below this folder instead of printing them.",
)
@click.option("--show-secrets", is_flag=True, help="Print secret targets too.")
@click.option(
    "--wait",
    type=DURATION,
    default="30s",
    show_default=True,
    help="How long to wait for the stores.",
)
def render(
    *,
    names: tuple[str, ...],
    diff: bool,
    out: Path | None,
    show_secrets: bool,
    wait: float,
    **options: str | None,
) -> None:
    """Show what the files would be: a dry run.

    Takes the way of a real pass up to the comparison; writes no target and runs no
    command. Exit status: 0 nothing would change, 2 something would, 1 failed.
    """
    with told(refused=FAILED):
        settings = settings_of(options)
        from confwatch.daemon.declared import read
        from confwatch.daemon.dry_run import dry_run

        declared = read(settings)
        resources = _chosen(declared, names)
        result = asyncio.run(dry_run(settings, resources, wait))
        for problem in declared.problems:
            click.echo(f"confwatch: {problem}", err=True)
        for name, skipped in result.skipped.items():
            for record in skipped:
                click.echo(f"confwatch: {name}: skipped {visible(record)}", err=True)
        for name, error in result.errors.items():
            click.echo(f"confwatch: {name}: {error}", err=True)
        files = [one for each in result.compared.values() for one in each.files]
        for one in files:
            _put(one, diff=diff, out=out, hidden=one.file.secret and not show_secrets)
        if result.errors or (declared.problems and not names):
            sys.exit(FAILED)
        sys.exit(0 if all(one.same for one in files) else WOULD_CHANGE)


def _chosen(declared: "Declared", names: Iterable[str]) -> "tuple[Resource, ...]":
    """Return the resources asked for; all where none is named.

    Raises:
        ConfigError: there is none of that name.
    """
    known = {one.name: one for one in declared.resources}
    for name in names:
        if name not in known:
            told_names = ", ".join(sorted(known)) or "none"
            problem = f"no resource {name!r}; there are: {told_names}"
            raise ConfigError("", None, "--resource", problem)
    return tuple(known[name] for name in (list(names) or known))


def _put(one: "Comparison", *, diff: bool, out: Path | None, hidden: bool) -> None:
    """Print one file, or write it below *out*."""
    dest = one.file.template.dest
    if out is not None:
        path = out / dest.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=one.mode & 0o700)
        path.write_bytes(one.file.content)
        return
    state = "unchanged" if one.same else "would change"
    click.echo(f"==> {dest} ({state})")
    if hidden:
        click.echo(f"(secret, {len(one.file.content)} bytes)")
    elif diff:
        click.echo("".join(_difference(one)), nl=False)
    else:
        click.echo(one.file.content, nl=False)


def _difference(one: "Comparison") -> Iterable[str]:
    """Return a unified diff from what is there to what would be."""
    try:
        present = Path(one.target).read_bytes()
    except FileNotFoundError:
        present = b""
    dest = one.file.template.dest
    lines = difflib.unified_diff(
        _lines(present), _lines(one.file.content), dest, f"{dest} (new)"
    )
    return [line if line.endswith("\n") else f"{line}\n" for line in lines]


def _lines(content: bytes) -> list[str]:
    return os.fsencode(content).decode("utf-8", "replace").splitlines(keepends=True)
