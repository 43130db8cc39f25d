"""The edge where the file system's errors become a store's, once."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from confwatch.errors import SourceRejected, SourceUnavailable

_REFUSALS = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
        errno.ENAMETOOLONG,
        errno.EISDIR,
        errno.ENOTDIR,
        errno.EILSEQ,
    }
)


@contextmanager
def translated(root: str) -> Iterator[None]:
    """Turn an OSError of the block into a SourceError about the folder *root*."""
    try:
        yield
    except OSError as error:
        name = error.filename or root
        problem = f"{name}: {error.strerror}"
        kind = SourceRejected if error.errno in _REFUSALS else SourceUnavailable
        raise kind(f"dir:{root}", problem) from error
