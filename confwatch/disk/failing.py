"""The edge where the system's errors become ours, once."""

from collections.abc import Iterator
from contextlib import contextmanager

from confwatch.errors import DiskError


@contextmanager
def failing(path: str, doing: str) -> Iterator[None]:
    """Turn an OSError of the block into a DiskError about *path*."""
    try:
        yield
    except OSError as error:
        raise DiskError(path, error.errno, doing) from error
