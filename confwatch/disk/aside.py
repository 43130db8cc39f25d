"""A place for a file that cannot stand beside its target.

A container's root is often read-only, with single files mounted into it that may be
written; a user may own a file, and not its folder.
"""

import errno
import os
import tempfile
from contextlib import suppress

from confwatch.disk.names import stage_path

_CLOSED = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})


def may_stand_aside(error: OSError, target: str) -> bool:
    """Tell whether a folder takes no new file, and the target in it may be written."""
    return error.errno in _CLOSED and os.access(target, os.W_OK, effective_ids=True)


def path_aside(target: str) -> str:
    """Return a new name in a new folder of our own, which nobody else can look into."""
    folder = tempfile.mkdtemp(prefix="confwatch-")
    return os.path.join(folder, os.path.basename(stage_path(target)))


def is_aside(path: str, target: str) -> bool:
    """Tell whether a file of ours stands elsewhere than its target."""
    return os.path.dirname(path) != os.path.dirname(target)


def remove(path: str, target: str) -> None:
    """Remove a file of ours, if it is still there, and the folder made for it."""
    with suppress(OSError):
        os.unlink(path)
    if is_aside(path, target):
        with suppress(OSError):
            os.rmdir(os.path.dirname(path))
