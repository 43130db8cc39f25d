"""``confwatch check``: is what the operator wrote usable?"""

import asyncio
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from confwatch.cli.options import DURATION, FAILED, common, settings_of, told

if TYPE_CHECKING:
    from confwatch.config.settings import Settings
    from confwatch.daemon.declared import Declared
    from confwatch.model.reads import Reads


@click.command()
@common
@click.option(
    "--render",
    "rendered",
    is_flag=True,
    help="Render too: asks the stores; what a render reads decides the lints.",
)
@click.option(
    "--wait",
    type=DURATION,
    default="30s",
    show_default=True,
    help="How long to wait for the stores, with --render.",
)
def check(*, rendered: bool, wait: float, **options: str | None) -> None:
    """Check settings, conf.d/ and templates; touch no target, and no store unasked.

    Warns of keys that are declared and never read, and of reads that no declared key
    covers. Exit status: 0 all can be used, whatever was warned of, 1 something
    cannot, 2 not even the settings.
    """
    with told():
        settings = settings_of(options)
        from confwatch.daemon.declared import read
        from confwatch.daemon.parts import make_sources

        make_sources(settings)
        declared = read(settings)
        problems = [str(problem) for problem in declared.problems]
        problems += _look(settings, declared, wait if rendered else None)
        for problem in problems:
            click.echo(problem, err=True)
        click.echo(f"{len(declared.resources)} resources, {len(problems)} problems")
        sys.exit(FAILED if problems else 0)


def _look(
    settings: "Settings", declared: "Declared", wait_s: float | None
) -> list[str]:
    """Return what is wrong with the templates; tell what is only doubtful.

    Args:
        settings: as for the daemon.
        declared: what conf.d says.
        wait_s: how long to wait for the stores; None renders nothing.
    """
    from confwatch.daemon.linted import linted
    from confwatch.daemon.parts import make_renderer

    renderer = make_renderer(settings)
    broken = {one.name: renderer.problems(one) for one in declared.resources}
    problems = [str(error) for errors in broken.values() for error in errors]
    sound = tuple(one for one in declared.resources if not broken[one.name])
    reads: Mapping[str, Reads] = {}
    if wait_s is not None:
        from confwatch.daemon.dry_run import dry_run

        result = asyncio.run(dry_run(settings, sound, wait_s))
        problems += [f"{name}: {error}" for name, error in result.errors.items()]
        reads = result.reads
    lints = linted(settings, renderer, sound, reads)
    for warning in (*declared.warnings, *lints.warnings):
        click.echo(f"warning: {warning}", err=True)
    for note in lints.notes:
        click.echo(f"note: {note}", err=True)
    return problems
