"""Move staged files over their targets: all of them, or none."""

import os
from collections.abc import Mapping
from contextlib import suppress

from confwatch.disk.double import double
from confwatch.disk.failing import failing
from confwatch.disk.move import bring_over
from confwatch.disk.names import proven_path
from confwatch.disk.present import mark
from confwatch.disk.sync import sync_folder
from confwatch.disk.targets import real_target
from confwatch.disk.undo import Undo
from confwatch.errors import DiskError
from confwatch.model.steps import Checked, Comparison, Installed, Mark


def install(
    checked: Checked, *, proven: Mapping[str, str], undo: Undo | None = None
) -> Installed:
    """Move every stage over its target and sync the folders. Blocks.

    Args:
        checked: what the checks let pass.
        proven: dest to digest of what the service last loaded; a target that is just
            that is kept as a hard link before anything moves.
        undo: keeps what is replaced beyond this call, for somebody who may still
            refuse; None: nobody can.

    Raises:
        DiskError: nothing was installed, or all of it was put back, or the disk
            refused that too.
    """
    compared, files = checked.staged.compared, checked.staged.files
    for one in compared.differing:
        _refuse_turned(one)
    for one in compared.differing:
        if one.present is not None and one.present == proven.get(_dest(one)):
            _keep_proven(one.target)
    if undo is not None:
        _keep_all(checked, undo)
        undo.sync()
        in_place = _move_all(checked, undo)
    elif len(files) > 1:
        undo = Undo()
        _keep_all(checked, undo)
        in_place = _move_all(checked, undo)
        undo.forget()
    else:
        # A single move happens or does not: there is nothing to take back.
        in_place = _move_all(checked, None)
    for folder in {os.path.dirname(one.comparison.target) for one in files}:
        sync_folder(folder)
    return Installed(
        compared.rendered.resource,
        {_dest(one): one.digest for one in compared.files},
        tuple(_dest(one.comparison) for one in files),
        in_place,
        _marks(checked, in_place),
    )


def _refuse_turned(comparison: Comparison) -> None:
    """Refuse a target that its path leads to no more: a check may take its time.

    Raises:
        DiskError: somebody turned a link, or put one in the place of a folder.
    """
    dest = _dest(comparison)
    if real_target(dest) != comparison.target:
        raise DiskError(dest, None, "install", "its path leads elsewhere now")


def _move_all(checked: Checked, undo: Undo | None) -> tuple[str, ...]:
    """Move all stages; where one cannot be, put back those that were.

    Returns:
        The dests that had to be written in place.
    """
    in_place = []
    try:
        for one in checked.staged.files:
            target, dest = one.comparison.target, _dest(one.comparison)
            with failing(dest, "install"):
                if not bring_over(one.path, target):
                    in_place.append(dest)
    except BaseException:
        if undo is not None:
            undo.back()
        raise
    return tuple(in_place)


def _keep_all(checked: Checked, undo: Undo) -> None:
    """Keep what is going to be replaced; where one cannot be, keep nothing."""
    try:
        for one in checked.staged.files:
            with failing(_dest(one.comparison), "install"):
                undo.keep(one.comparison)
    except BaseException:
        undo.forget()
        raise


def _marks(checked: Checked, in_place: tuple[str, ...]) -> dict[str, Mark]:
    """Return how the targets were left, whatever somebody else did since."""
    compared = checked.staged.compared
    marks = {_dest(one): one.mark for one in compared.files}
    marks |= {_dest(one.comparison): one.mark for one in checked.staged.files}
    targets = {_dest(one): one.target for one in compared.files}
    return marks | {dest: mark(targets[dest]) for dest in in_place}


def _keep_proven(target: str) -> None:
    """Keep what is there now as the last proven version.

    Where it cannot be kept, files of two versions after a crash can be finished, but
    not put back.
    """
    kept = proven_path(target)
    with suppress(OSError):
        # Between the two the target itself still is the proven version.
        with suppress(FileNotFoundError):
            os.unlink(kept)
        double(target, kept)


def _dest(comparison: Comparison) -> str:
    """Return the target by the operator's name."""
    return comparison.file.template.dest
