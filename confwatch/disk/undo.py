"""Targets as they were before an install, kept until nobody can refuse it any more.

They stand beside the targets under hidden names, so that a start after a crash finds
what nobody has judged yet. One of them is the first: as long as it is there, all that
are there count; it comes first and goes first.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

from confwatch.disk.aside import may_stand_aside, path_aside, remove
from confwatch.disk.double import double
from confwatch.disk.failing import failing
from confwatch.disk.move import bring_over
from confwatch.disk.names import undo_path
from confwatch.disk.sync import sync_folder
from confwatch.disk.targets import real_target
from confwatch.errors import DiskError
from confwatch.model.steps import Comparison

_ABSENT = "nothing was here"
"""What a link points at that stands for a target that was not there."""


class _Kept(NamedTuple):
    """One target, and the other name of what it was; or a mark that nothing was."""

    dest: str
    target: str
    shadow: str
    absent: bool


class Undo:
    """What one install replaced."""

    def __init__(self) -> None:
        self._kept: list[_Kept] = []

    def keep(self, comparison: Comparison) -> None:
        """Keep a target as it is now; blocks.

        Raises:
            OSError: it can have no other name, nor be copied.
        """
        target = comparison.target
        shadow = undo_path(target, first=not self._kept)
        for stale in (undo_path(target, first=True), undo_path(target, first=False)):
            remove(stale, target)
        absent = comparison.present is None
        if not absent:
            shadow = _doubled(target, shadow)
        self._kept.append(_Kept(comparison.file.template.dest, target, shadow, absent))
        if not absent:
            return
        with suppress(OSError):  # where there are no links, only we remember
            os.symlink(_ABSENT, shadow)

    def sync(self) -> None:
        """Make what is kept last through a power cut.

        Raises:
            DiskError: the system could not.
        """
        _sync(self._kept)

    def back(self) -> tuple[str, ...]:
        """Make all targets what they were, and keep nothing any more; blocks.

        Returns:
            Their dests.

        Raises:
            DiskError: the first that cannot be put back; all others were.
        """
        kept, self._kept = self._kept, []
        return _back(kept)

    def forget(self) -> None:
        """Remove what was kept: the install stands. Blocks."""
        kept, self._kept = self._kept, []
        _forget(kept)


def recover(dests: Iterable[str]) -> tuple[str, ...]:
    """Put targets back that a crash left installed and not judged. Blocks.

    Args:
        dests: all targets of one resource.

    Returns:
        The dests that were put back.

    Raises:
        DiskError: as ``Undo.back``.
    """
    kept: list[_Kept] = []
    complete = False
    for dest in dests:
        try:
            target = real_target(dest)
        except DiskError:
            continue  # its pass tells
        for first in (True, False):
            shadow = undo_path(target, first=first)
            if os.path.lexists(shadow):
                complete |= first
                one = _Kept(dest, target, shadow, os.path.islink(shadow))
                kept.insert(0 if first else len(kept), one)
    if complete:
        return _back(kept)
    _forget(kept)
    return ()


def _back(kept: list[_Kept]) -> tuple[str, ...]:
    """Make targets what they were; the first one last, as it makes the others count."""
    failed: DiskError | None = None
    for one in reversed(kept):
        try:
            with failing(one.dest, "put back"):
                _restore(one)
        except DiskError as error:
            failed = failed or error
    try:
        _sync(kept)
    except DiskError as error:
        failed = failed or error
    if failed is not None:
        raise failed
    return tuple(dict.fromkeys(one.dest for one in kept))


def _forget(kept: list[_Kept]) -> None:
    """Remove what was kept, the first one first."""
    for one in kept:
        remove(one.shadow, one.target)


def _doubled(target: str, shadow: str) -> str:
    """Give a target another name and return it: aside where none can be beside it."""
    try:
        double(target, shadow)
    except OSError as error:
        if not may_stand_aside(error, target):
            raise
        shadow = path_aside(target)
        double(target, shadow)
    return shadow


def _restore(one: _Kept) -> None:
    """Make one target what it was."""
    if not one.absent:
        bring_over(one.shadow, one.target)
        return
    for path in (one.target, one.shadow):
        with suppress(FileNotFoundError):
            os.unlink(path)


def _sync(kept: list[_Kept]) -> None:
    """Sync the folders."""
    for folder in {os.path.dirname(one.target) for one in kept}:
        sync_folder(folder)
