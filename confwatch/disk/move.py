"""Bring a finished file over a target: moved, or where that cannot be, written into it.

A bind-mounted file is a mount point: nothing can be moved over it, only what it holds
can be replaced, and that not in one step.
"""

import errno
import os
import stat

_UNMOVABLE = frozenset({errno.EBUSY, errno.EXDEV})
_PIECE = 1 << 20


def bring_over(path: str, target: str) -> bool:
    """Make *target* what *path* is, which goes; False where it was written in place.

    Raises:
        OSError: the target is as it was; or, where it could not be moved over and the
            disk itself failed, half written.
    """
    try:
        os.rename(path, target)
    except OSError as error:
        if error.errno not in _UNMOVABLE:
            raise
        write_into(path, target)
        os.unlink(path)
        return False
    return True


def write_into(path: str, target: str) -> None:
    """Give *target* the content, mode and owner of *path*, and sync it.

    Its room is reserved before a byte changes, so a full disk spoils nothing.

    Raises:
        OSError: as ``bring_over``.
    """
    reading = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        wanted = os.fstat(reading)
        writing = os.open(target, os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            _reserve(writing, wanted.st_size)
            _copy(reading, writing)
            os.ftruncate(writing, wanted.st_size)
            os.fchown(writing, wanted.st_uid, wanted.st_gid)
            os.fchmod(writing, stat.S_IMODE(wanted.st_mode))
            os.fsync(writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _reserve(descriptor: int, size: int) -> None:
    """Make sure that so many bytes fit; what the file held stays.

    Raises:
        OSError: they do not; the file is as long as it was.
    """
    before = os.fstat(descriptor).st_size
    if size <= before:
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _copy(reading: int, writing: int) -> None:
    """Copy all bytes from the beginning."""
    at = 0
    while piece := os.pread(reading, _PIECE, at):
        left = memoryview(piece)
        while left:
            done = os.pwrite(writing, left, at)
            at += done
            left = left[done:]
