"""The check steps: of staged files, the only way to Checked; and of installed ones."""

from confwatch.errors import CheckFailed
from confwatch.model.resource import Command
from confwatch.model.steps import Checked, Compared, Staged
from confwatch.pipeline.commands import Surroundings, failed
from confwatch.pipeline.turns import Turns
from confwatch.render.commands import CommandValues, fill


def unchallenged(staged: Staged) -> Checked | None:
    """Let files pass that nobody can refuse; None where a check has to run."""
    challenged = _checks(staged) or judged_installed(staged.compared) is not None
    return None if challenged else Checked(staged)


def passed_before(staged: Staged) -> Checked:
    """Let files pass that are just what an earlier pass had checked and installed."""
    return Checked(staged)


async def check(staged: Staged, turns: Turns) -> Checked:
    """Run every check that looks at stages, each after the one before.

    Raises:
        CheckFailed: the first one that refused, or could not be run.
        RenderError: an insertion of the command cannot be filled in.
    """
    for command, dests in _checks(staged):
        await _run(command, dests, staged.compared, staged.paths, turns)
    return Checked(staged)


def judged_installed(compared: Compared) -> Command | None:
    """Return the check that looks at the targets once they are moved, if one does."""
    resource = compared.rendered.resource
    return resource.check if resource.check_installed else None


async def check_installed(compared: Compared, turns: Turns) -> None:
    """Run the check that looks at the targets themselves.

    Raises:
        CheckFailed: it refused, or could not be run.
        RenderError: an insertion of the command cannot be filled in.
    """
    command = judged_installed(compared)
    if command is not None:
        paths = {one.file.template.dest: one.target for one in compared.files}
        dests = compared.rendered.resource.dests
        await _run(command, dests, compared, paths, turns)


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
    if resource.check is not None and not resource.check_installed and differing:
        checks.append((resource.check, resource.dests))
    return checks


async def _run(
    command: Command,
    dests: tuple[str, ...],
    compared: Compared,
    paths: dict[str, str],
    turns: Turns,
) -> None:
    """Run one check; a bad end of any kind is a refusal."""
    only = dests[0] if len(dests) == 1 else None
    values = CommandValues(
        src=paths[only] if only is not None else None,
        dest=only,
        stages=paths,
        dests=dests,
    )
    argv = fill(command, values)
    surroundings = Surroundings(
        (compared.rendered.resource.name,),
        tuple(one.file.template.dest for one in compared.differing),
        only,
    )
    ended = await turns.run(argv, surroundings, timeout_s=command.timeout_s)
    if ended.status != 0:
        secret = any(one.secret for one in compared.rendered.files)
        error = failed(CheckFailed, argv, ended, secret=secret)
        error.targets = dests
        raise error
