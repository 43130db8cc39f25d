"""The ``confwatch`` program and its commands."""

import click

import confwatch
from confwatch.cli.check import check
from confwatch.cli.completion import completion
from confwatch.cli.config import config
from confwatch.cli.kv import kv
from confwatch.cli.render import render
from confwatch.cli.run import run
from confwatch.cli.services import drain, services, undrain
from confwatch.cli.status import apply, status


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(confwatch.__version__, prog_name="confwatch")
def main() -> None:
    """Keep the configuration of local services equal to what a store says."""


COMMANDS = (
    run,
    render,
    check,
    status,
    services,
    drain,
    undrain,
    apply,
    kv,
    config,
    completion,
)
for command in COMMANDS:
    main.add_command(command)
