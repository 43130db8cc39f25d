"""Make what was moved last through a power cut."""

import errno
import os

from confwatch.disk.failing import failing

_NOT_FOR_FOLDERS = frozenset({errno.EINVAL, errno.ENOTSUP, errno.ENOSYS})


def sync_folder(folder: str) -> None:
    """Make the names in a folder last.

    Not on file systems that cannot do it for folders: they have nothing to offer.

    Raises:
        DiskError: the system could not.
    """
    with failing(folder, "sync"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in _NOT_FOR_FOLDERS:
                raise
        finally:
            os.close(descriptor)
