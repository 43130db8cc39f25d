"""What targets are now."""

import os
from collections.abc import Iterable

from confwatch.disk.targets import real_target
from confwatch.errors import DiskError
from confwatch.model.steps import Mark, digest_of


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


def digests(dests: Iterable[str]) -> dict[str, str | None]:
    """Return each target's digest; None where it is absent or cannot be read.

    Blocks.
    """
    return {dest: digest(dest) for dest in dests}


def digest(dest: str) -> str | None:
    """Return one target's digest; None as above."""
    try:
        with open(real_target(dest), "rb") as file:
            return digest_of(file.read())
    except (OSError, DiskError):
        return None
