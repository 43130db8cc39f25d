"""Targets as they were before an install, kept until nobody can refuse it any more."""

import os
import shutil
import stat
from contextlib import suppress

from confwatch.disk.failing import failing
from confwatch.disk.move import bring_over
from confwatch.disk.names import stage_path
from confwatch.disk.sync import sync_folder
from confwatch.errors import DiskError
from confwatch.model.steps import Comparison


class Undo:
    """What one install replaced, under hidden names beside the targets."""

    def __init__(self) -> None:
        # The dest, its target, and the other name of what it was; None: it was absent.
        self._kept: list[tuple[str, str, str | None]] = []

    def keep(self, comparison: Comparison) -> None:
        """Keep a target as it is now; blocks.

        Raises:
            OSError: it can have no other name, nor be copied.
        """
        shadow = None
        if comparison.present is not None:
            shadow = stage_path(comparison.target)
            double(comparison.target, shadow)
        dest = comparison.file.template.dest
        self._kept.append((dest, comparison.target, shadow))

    def back(self) -> tuple[str, ...]:
        """Make all targets what they were, and keep nothing any more; blocks.

        Returns:
            Their dests.

        Raises:
            DiskError: the first that cannot be put back; all others were.
        """
        failed: DiskError | None = None
        kept, self._kept = self._kept, []
        for dest, target, shadow in kept:
            try:
                with failing(dest, "put back"):
                    _restore(target, shadow)
            except DiskError as error:
                failed = failed or error
        for folder in {os.path.dirname(target) for _, target, _ in kept}:
            try:
                sync_folder(folder)
            except DiskError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return tuple(dest for dest, _, _ in kept)

    def forget(self) -> None:
        """Remove what was kept: the install stands. Blocks."""
        kept, self._kept = self._kept, []
        for _, _, shadow in kept:
            if shadow is not None:
                with suppress(OSError):
                    os.unlink(shadow)


def double(target: str, path: str) -> None:
    """Give a file another name; where it cannot have one (a bind mount), a copy.

    Raises:
        OSError: neither can be.
    """
    try:
        os.link(target, path, follow_symlinks=False)
    except OSError:
        shutil.copy2(target, path, follow_symlinks=False)
        found = os.stat(target)
        os.chown(path, found.st_uid, found.st_gid)
        os.chmod(path, stat.S_IMODE(found.st_mode))


def _restore(target: str, shadow: str | None) -> None:
    """Make one target what it was."""
    if shadow is not None:
        bring_over(shadow, target)
        return
    with suppress(FileNotFoundError):
        os.unlink(target)
