"""Make what was moved last through a power cut."""

import os

from confwatch.disk.failing import failing


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
