"""The ``confwatch`` program and its commands."""

from importlib import import_module

import click

import confwatch

COMMANDS = {
    "apply": "status",
    "check": "check",
    "completion": "completion",
    "config": "config",
    "drain": "services",
    "kv": "kv",
    "render": "render",
    "run": "run",
    "services": "services",
    "status": "status",
    "undrain": "services",
}
"""Each command and the module beside this one that it lives in."""


class _Commands(click.Group):
    """Loads a command's module when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in order."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command; None where there is none of this name."""
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"confwatch.cli.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(confwatch.__version__, prog_name="confwatch")
def main() -> None:
    """Keep the configuration of local services equal to what a store says."""
