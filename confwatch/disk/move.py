"""Bring a finished file over a target: moved, or where that cannot be, written into it.

A bind-mounted file is a mount point: nothing can be moved over it, only what it holds
can be replaced, and that not in one step.
"""

import errno
import os
import stat
from contextlib import suppress

from confwatch.disk.aside import is_aside, remove
from confwatch.disk.present import refuse_strange

_UNMOVABLE = frozenset({errno.EBUSY, errno.EXDEV})
_UNRESERVABLE = frozenset({errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS})
"""The file system knows no such thing; the write itself will tell."""
KEPT_BYTES = 1 << 20
"""Of a file written in place that much is kept, to be written again on a failure."""
_PIECE = 1 << 20


def bring_over(path: str, target: str) -> bool:
    """Make *target* what *path* is, which goes; False where it was written in place.

    Raises:
        DiskError: something else than a file is there now.
        OSError: the target is as it was; or, where it could not be moved over, is
            large and the disk itself failed, half written.
    """
    # A check may have taken its time since the target was looked at.
    with suppress(FileNotFoundError):
        refuse_strange(target, os.lstat(target).st_mode)
    if not _moved(path, target):
        write_into(path, target)
        remove(path, target)
        return False
    with suppress(FileNotFoundError):
        os.unlink(path)  # two names of one file: the kernel moves nothing
    return True


def _moved(path: str, target: str) -> bool:
    """Move a file over a target; False where nothing can be moved over it."""
    if is_aside(path, target):
        return False
    try:
        os.rename(path, target)
    except OSError as error:
        if error.errno not in _UNMOVABLE:
            raise
        return False
    return True


def write_into(path: str, target: str) -> None:
    """Give *target* the content, mode and owner of *path*, and sync it.

    Its room is reserved, and mode and owner are right, before a byte changes: a full
    disk spoils nothing, and nobody reads what he may not.

    Raises:
        OSError: as ``bring_over``.
    """
    reading = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        wanted = os.fstat(reading)
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        writing = os.open(target, flags)
        try:
            _overwrite(reading, writing, wanted)
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _overwrite(reading: int, writing: int, wanted: os.stat_result) -> None:
    """Write one file over another; what fails is taken back as far as can be."""
    before, size = _start(writing, KEPT_BYTES), os.fstat(writing).st_size
    begun = False
    try:
        _reserve(writing, wanted.st_size)
        _own(writing, wanted)
        begun = True
        _copy(reading, writing)
        os.ftruncate(writing, wanted.st_size)
        os.fsync(writing)
    except OSError:
        with suppress(OSError):
            if begun and len(before) == size:
                _write(writing, before, 0)
            os.ftruncate(writing, size)
        raise


def _reserve(descriptor: int, size: int) -> None:
    """Make sure that so many bytes fit, in holes too; what the file held stays."""
    try:
        if size:
            os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in _UNRESERVABLE:
            raise


def _own(descriptor: int, wanted: os.stat_result) -> None:
    """Set owner and mode where they differ: not everybody who writes a file may."""
    found = os.fstat(descriptor)
    if (found.st_uid, found.st_gid) != (wanted.st_uid, wanted.st_gid):
        os.fchown(descriptor, wanted.st_uid, wanted.st_gid)
    mode = stat.S_IMODE(wanted.st_mode)
    if stat.S_IMODE(os.fstat(descriptor).st_mode) != mode:
        os.fchmod(descriptor, mode)


def _start(descriptor: int, most: int) -> bytes:
    """Return the first bytes of a file."""
    pieces, at = [], 0
    while at < most and (piece := os.pread(descriptor, min(_PIECE, most - at), at)):
        pieces.append(piece)
        at += len(piece)
    return b"".join(pieces)


def _copy(reading: int, writing: int) -> None:
    """Copy all bytes from the beginning."""
    at = 0
    while piece := os.pread(reading, _PIECE, at):
        _write(writing, piece, at)
        at += len(piece)


def _write(descriptor: int, content: bytes, at: int) -> None:
    """Write all of it."""
    left = memoryview(content)
    while left:
        done = os.pwrite(descriptor, left, at)
        at += done
        left = left[done:]
