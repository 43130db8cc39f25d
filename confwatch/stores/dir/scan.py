"""What a folder holds now, and what became of it since the last look."""

import errno
import os
import stat
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from confwatch.model.keys import Key, is_below
from confwatch.stores.dir.names import is_key, is_key_name, path_of

_PIECE = 1 << 20
FRESH_NS = 100_000_000
"""A file written this recently may be written again within one tick of the clock."""

Mark: TypeAlias = tuple[int, ...] | None
"""What differs when a file was written; None where that cannot be told yet."""


@dataclass(slots=True)
class Look:
    """What was seen.

    Attributes:
        marks: every key seen.
        values: of those whose mark is not the known one.
        gone: known keys that were not seen.
        cost_s: seconds of CPU that it took.
    """

    marks: dict[Key, Mark] = field(default_factory=dict)
    values: dict[Key, bytes] = field(default_factory=dict)
    gone: set[Key] = field(default_factory=set)
    cost_s: float = 0.0


def look(root: str, keys: Iterable[Key], known: Mapping[Key, Mark]) -> Look:
    """Look at *keys* and all below them; read what is not as known. Blocks.

    Raises:
        OSError: something is there and cannot be read, or *root* itself is not there.
    """
    os.stat(root)
    began_s = time.thread_time()
    seen = Look()
    for key in keys:
        if not is_key(key):
            continue
        for path in _files(path_of(root, key)):
            _look_at(Key(path[len(root) :]), path, known, seen)
        if key in seen.marks and key in known:
            continue  # a file, as before: nothing can be below it
        below = [one for one in known if is_below(one, key)]
        seen.gone.update(one for one in below if one not in seen.marks)
    seen.cost_s = time.thread_time() - began_s
    return seen


def _look_at(key: Key, path: str, known: Mapping[Key, Mark], seen: Look) -> None:
    """Look at one file; one that vanishes meanwhile was not there."""
    status = _status(path)
    if status is None:
        return
    mark = _mark(status)
    if mark is not None and known.get(key) == mark:
        seen.marks[key] = mark
        return
    try:
        # Not to be held up by a FIFO.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    try:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return
        seen.marks[key] = _mark(found)
        seen.values[key] = _read(descriptor).removesuffix(b"\n")
    finally:
        os.close(descriptor)


def _read(descriptor: int) -> bytes:
    """Return all that is in a file."""
    pieces = []
    while piece := os.read(descriptor, _PIECE):
        pieces.append(piece)
    return b"".join(pieces)


def _mark(found: os.stat_result) -> Mark:
    """Return a file's mark."""
    if time.time_ns() - found.st_mtime_ns < FRESH_NS:
        return None
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _files(path: str) -> Iterator[str]:
    """Yield *path*, if it is a file, or every file below it."""
    found = _status(path)
    if found is None:
        return
    if stat.S_ISDIR(found.st_mode):
        yield from _below(path, ((found.st_dev, found.st_ino),))
    else:
        yield path


def _below(folder: str, above: tuple[tuple[int, int], ...]) -> Iterator[str]:
    """Yield every file below a folder; links are followed, but not in circles.

    Args:
        folder: where to look.
        above: what tells the folder, and each above it, from others.
    """
    try:
        with os.scandir(folder) as entries:
            found = [one for one in entries if is_key_name(one.name)]
    except FileNotFoundError:
        return
    for entry in found:
        if entry.is_file(follow_symlinks=False):
            yield entry.path  # nearly always, and without a look at it
            continue
        status = _status(entry.path)
        if status is not None and not stat.S_ISDIR(status.st_mode):
            yield entry.path
        elif status is not None and (status.st_dev, status.st_ino) not in above:
            yield from _below(entry.path, (*above, (status.st_dev, status.st_ino)))


def _status(path: str) -> os.stat_result | None:
    """Return what is there; None where nothing is, or a link that leads nowhere."""
    try:
        return os.stat(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise
