"""Gives a file a second name, to keep what it is now."""

import os
import shutil
import stat
from contextlib import suppress

from confwatch.disk.names import stage_path


def double(target: str, path: str) -> None:
    """Give a file another name; where it cannot have one (a bind mount), a copy.

    The name, which must be free, is there at once and whole, or not at all.

    Raises:
        OSError: neither can be.
    """
    try:
        os.link(target, path, follow_symlinks=False)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError:
        _copy(target, path)


def _copy(target: str, path: str) -> None:
    """Make a synced copy with mode, owner and attributes."""
    made = os.path.join(os.path.dirname(path), os.path.basename(stage_path(target)))
    try:
        shutil.copy2(target, made, follow_symlinks=False)
        found = os.stat(target)
        os.chown(made, found.st_uid, found.st_gid)
        os.chmod(made, stat.S_IMODE(found.st_mode))
        descriptor = os.open(made, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(made, path)
    except OSError:
        with suppress(OSError):
            os.unlink(made)
        raise
