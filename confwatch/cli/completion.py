"""``confwatch completion``: what a shell needs to complete our commands."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the completion script for SHELL.

    For bash: eval "$(confwatch completion bash)"
    """
    made_for = get_completion_class(shell)
    if made_for is None:
        message = f"click knows no completion for {shell}"
        raise click.ClickException(message)
    program = context.find_root().command
    click.echo(made_for(program, {}, "confwatch", "_CONFWATCH_COMPLETE").source())
