"""Move staged files over their targets: all of them, or none."""

import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from contextlib import suppress

from confwatch.disk.failing import failing
from confwatch.disk.move import bring_over
from confwatch.disk.names import proven_path, stage_path
from confwatch.disk.present import mark
from confwatch.model.steps import Checked, Comparison, Installed, Mark, StagedFile


def install(checked: Checked, *, proven: Mapping[str, str]) -> Installed:
    """Move every stage over its target and sync the folders. Blocks.

    Args:
        checked: what the checks let pass.
        proven: dest to digest of what the service last loaded; a target that is just
            that is kept as a hard link before anything moves.

    Raises:
        DiskError: nothing was installed, or all of it was put back.
    """
    compared = checked.staged.compared
    for one in compared.differing:
        if one.present is not None and one.present == proven.get(_dest(one)):
            _keep(one.target)
    in_place = _move_all(checked.staged.files)
    for folder in {
        os.path.dirname(one.comparison.target) for one in checked.staged.files
    }:
        sync_folder(folder)
    return Installed(
        compared.rendered.resource,
        {_dest(one): one.digest for one in compared.files},
        tuple(_dest(one.comparison) for one in checked.staged.files),
        in_place,
        _marks(checked, in_place),
    )


def _marks(checked: Checked, in_place: tuple[str, ...]) -> dict[str, Mark]:
    """Return how the targets were left, whatever somebody else did since."""
    compared = checked.staged.compared
    marks = {_dest(one): one.mark for one in compared.files}
    marks |= {_dest(one.comparison): one.mark for one in checked.staged.files}
    targets = {_dest(one): one.target for one in compared.files}
    return marks | {dest: mark(targets[dest]) for dest in in_place}


def sync_folder(folder: str) -> None:
    """Make the names in a folder last.

    Raises:
        DiskError: the system could not.
    """
    with failing(folder, "sync"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _keep(target: str) -> None:
    """Keep what is there now as the last proven version.

    Where it cannot be kept, files of two versions after a crash can be finished, but
    not put back.
    """
    kept = proven_path(target)
    with suppress(OSError):
        # Between the two the target itself still is the proven version.
        with suppress(FileNotFoundError):
            os.unlink(kept)
        _double(target, kept)


def _double(target: str, path: str) -> None:
    """Give a file another name; where it cannot have one (a bind mount), a copy."""
    try:
        os.link(target, path, follow_symlinks=False)
    except OSError:
        shutil.copy2(target, path, follow_symlinks=False)
        found = os.stat(target)
        os.chown(path, found.st_uid, found.st_gid)
        os.chmod(path, stat.S_IMODE(found.st_mode))


def _move_all(files: tuple[StagedFile, ...]) -> tuple[str, ...]:
    """Move all stages; where one cannot be, put back those that were.

    Returns:
        The dests that had to be written in place.
    """
    undo: list[tuple[str, str | None]] = []
    in_place = []
    try:
        for one in files:
            target, dest = one.comparison.target, _dest(one.comparison)
            with failing(dest, "install"):
                if len(files) > 1:
                    undo.append((target, _shadow(one.comparison)))
                if not bring_over(one.path, target):
                    in_place.append(dest)
    except BaseException:
        _undo(undo)
        raise
    _forget(undo)
    return tuple(in_place)


def _shadow(comparison: Comparison) -> str | None:
    """Keep the present target under another name; None where there is none."""
    if comparison.present is None:
        return None
    path = stage_path(comparison.target)
    _double(comparison.target, path)
    return path


def _undo(undo: Iterable[tuple[str, str | None]]) -> None:
    """Make the targets what they were."""
    for target, shadow in undo:
        with suppress(OSError):
            if shadow is None:
                os.unlink(target)
            else:
                bring_over(shadow, target)
    _forget(undo)


def _forget(undo: Iterable[tuple[str, str | None]]) -> None:
    """Remove the other names."""
    for _, shadow in undo:
        if shadow is not None:
            with suppress(OSError):
                os.unlink(shadow)


def _dest(comparison: Comparison) -> str:
    """Return the target by the operator's name."""
    return comparison.file.template.dest
