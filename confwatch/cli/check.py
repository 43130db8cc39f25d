"""``confwatch check``: is what the operator wrote usable?"""

import sys

import click

from confwatch.cli.options import FAILED, common, settings_of, told


@click.command()
@common
def check(**options: str | None) -> None:
    """Check settings, conf.d/ and templates; touch no store and no target.

    Exit status: 0 all can be used, 1 something cannot, 2 not even the settings.
    """
    with told():
        settings = settings_of(options)
        from confwatch.daemon.declared import read
        from confwatch.daemon.parts import make_renderer, make_sources

        make_sources(settings)
        declared = read(settings)
        renderer = make_renderer(settings)
        problems = [str(problem) for problem in declared.problems]
        for resource in declared.resources:
            problems += [str(error) for error in renderer.problems(resource)]
        for warning in declared.warnings:
            click.echo(f"warning: {warning}", err=True)
        for problem in problems:
            click.echo(problem, err=True)
        click.echo(f"{len(declared.resources)} resources, {len(problems)} problems")
        sys.exit(FAILED if problems else 0)
