"""The ``confwatch`` program: its commands and the options they share."""

import click

import confwatch


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(confwatch.__version__, prog_name="confwatch")
def main() -> None:
    """Keep the configuration of local services equal to what a store says."""
