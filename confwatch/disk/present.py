"""What targets are now."""

import os
import stat
from collections.abc import Iterable

from confwatch.disk.failing import failing
from confwatch.disk.targets import real_target
from confwatch.errors import DiskError
from confwatch.model.steps import Mark, digest_of

_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link now",
}


def marks(dests: Iterable[str]) -> dict[str, Mark]:
    """Return each target's mark, its links followed. Blocks."""
    return {dest: mark(dest) for dest in dests}


def mark_of(found: os.stat_result) -> Mark:
    """Return a file's mark; moving it changes nothing of that."""
    place = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
    return (*place, found.st_mode, found.st_uid, found.st_gid)


def mark(dest: str) -> Mark:
    """Return one target's mark."""
    try:
        return mark_of(os.stat(dest))
    except OSError:
        return None


def refuse_strange(dest: str, mode: int) -> None:
    """Let nothing pass that is no plain file: it is there for somebody else.

    Raises:
        DiskError: says what it is.
    """
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise DiskError(dest, None, "replace", f"it is {kind}, not a regular file")


def look(
    dest: str, target: str, known: tuple[Mark, str] | None = None
) -> tuple[os.stat_result | None, str | None]:
    """Return what a target is and the digest of its content; None where none is.

    Blocks, but never on a FIFO. Nothing but a plain file is opened: to open a device
    may do something.

    Args:
        dest: the operator's name of it.
        target: where it really is.
        known: how it was left, and its digest then; what is still so is not read.

    Raises:
        DiskError: it cannot be read, or is no plain file.
    """
    with failing(dest, "read"):
        try:
            found = os.lstat(target)
            refuse_strange(dest, found.st_mode)
            if known is not None and known[0] == mark_of(found):
                return found, known[1]
            descriptor = os.open(target, _FLAGS)
        except FileNotFoundError:
            return None, None
        found, content = _read(dest, descriptor)
        return found, digest_of(content)


def content(dest: str, most_bytes: int) -> tuple[Mark, bytes] | None:
    """Return a target's mark and content; None where it is absent, large or no file.

    Blocks.
    """
    try:
        target = real_target(dest)
        with failing(dest, "read"):
            found = os.lstat(target)
            refuse_strange(dest, found.st_mode)
            if found.st_size > most_bytes:
                return None
            found, raw = _read(dest, os.open(target, _FLAGS))
    except DiskError:
        return None
    return mark_of(found), raw


def _read(dest: str, descriptor: int) -> tuple[os.stat_result, bytes]:
    """Return what an open file is and holds, and close it."""
    with os.fdopen(descriptor, "rb") as opened:
        found = os.fstat(descriptor)
        refuse_strange(dest, found.st_mode)
        return found, opened.read()


def digests(dests: Iterable[str]) -> dict[str, str | None]:
    """Return each target's digest; None where it is absent or cannot be read.

    Blocks.
    """
    return {dest: digest(dest) for dest in dests}


def digest(dest: str) -> str | None:
    """Return one target's digest; None as above."""
    try:
        return look(dest, real_target(dest))[1]
    except DiskError:
        return None
