"""Local files that a render reads: regular ones, so that none can hold it up."""

import errno
import os
import stat

_PIECE = 1 << 20


def read_regular(path: str, most_bytes: int) -> tuple[os.stat_result, bytes]:
    """Return what a file is and all that it holds.

    What it is was looked at before its content: an edit in between shows as one.

    Raises:
        OSError: it cannot be read, is no regular file, or is larger than *most_bytes*.
    """
    # Not to be held up by a FIFO.
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        content = _read(descriptor, most_bytes + 1)
    finally:
        os.close(descriptor)
    if len(content) > most_bytes:
        problem = f"it is larger than {most_bytes // 1024**2} MiB"
        raise OSError(errno.EFBIG, problem)
    return found, content


def _read(descriptor: int, most_bytes: int) -> bytes:
    """Return what a file holds, as far as wanted.

    Without a file object, which asks the kernel about the file twice more and makes
    room for all that is allowed: four times the work for a small one.
    """
    pieces, left = [], most_bytes
    while left and (piece := os.read(descriptor, asked := min(left, _PIECE))):
        pieces.append(piece)
        left -= len(piece)
        if len(piece) < asked:
            break  # of a regular file that is the end
    return b"".join(pieces)
