"""Makes the folders above a target."""

import os
import stat
from contextlib import ExitStack, suppress

from confwatch.disk.sync import sync_folder

_MODE = 0o755


def make_folders(folder: str, owner: tuple[int, int], made: ExitStack) -> None:
    """Make a folder and all that lack above it: 0755, synced, with the file's owner.

    Args:
        folder: real path, as far as it exists.
        owner: uid and gid.
        made: takes them away again, as far as they are empty, when it closes.

    Raises:
        OSError, DiskError: one of them cannot be made.
    """
    lacking = []
    while not os.path.isdir(folder):
        lacking.append(folder)
        folder = os.path.dirname(folder)
    for one in reversed(lacking):
        try:
            os.mkdir(one, 0o700)
        except FileExistsError:
            continue  # another resource was quicker; what is no folder is told later
        made.callback(_remove, one)
        os.chown(one, *owner)
        # The file's group may come from the folder above; so does its mark.
        inherited = os.stat(one).st_mode & stat.S_ISGID
        os.chmod(one, _MODE | inherited)
        sync_folder(os.path.dirname(one))


def _remove(folder: str) -> None:
    """Remove a folder in which nothing was installed."""
    with suppress(OSError):
        os.rmdir(folder)
