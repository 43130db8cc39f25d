"""The check step: the only way from Staged to Checked."""

from confwatch.errors import CheckFailed
from confwatch.model.resource import Command
from confwatch.model.steps import Checked, Staged
from confwatch.pipeline.commands import Commands, Surroundings, failed
from confwatch.render.commands import CommandValues, fill


def unchallenged(staged: Staged) -> Checked | None:
    """Let files pass that nobody asked to check; None where a check has to run."""
    return None if _checks(staged) else Checked(staged)


async def check(staged: Staged, commands: Commands) -> Checked:
    """Run every check that concerns the staged files, each after the one before.

    Raises:
        CheckFailed: the first one that refused, or could not be run.
        RenderError: an insertion of the command cannot be filled in.
    """
    for command, dests in _checks(staged):
        await _run(command, dests, staged, commands)
    return Checked(staged)


def _checks(staged: Staged) -> list[tuple[Command, tuple[str, ...]]]:
    """List the checks to run and the targets each of them judges.

    A template's own check looks at its stage, so it runs where there is one; the
    resource's check sees all files together and runs when any of them differs.
    """
    resource = staged.compared.rendered.resource
    differing = [one.comparison.file.template for one in staged.files]
    checks: list[tuple[Command, tuple[str, ...]]] = [
        (one.check, (one.dest,)) for one in differing if one.check is not None
    ]
    if resource.check is not None and differing:
        checks.append((resource.check, resource.dests))
    return checks


async def _run(
    command: Command, dests: tuple[str, ...], staged: Staged, commands: Commands
) -> None:
    """Run one check; a bad end of any kind is a refusal."""
    only = dests[0] if len(dests) == 1 else None
    paths = staged.paths
    values = CommandValues(
        src=paths[only] if only is not None else None,
        dest=only,
        stages=paths,
        dests=dests,
    )
    argv = fill(command, values)
    surroundings = Surroundings(
        (staged.compared.rendered.resource.name,),
        tuple(one.comparison.file.template.dest for one in staged.files),
        only,
    )
    ended = await commands.run(argv, surroundings, timeout_s=command.timeout_s)
    if ended.status != 0:
        secret = any(one.secret for one in staged.compared.rendered.files)
        error = failed(CheckFailed, argv, ended, secret=secret)
        error.targets = dests
        raise error
