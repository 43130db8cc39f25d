"""One daemon a state folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TextIO

from confwatch.errors import DiskError, LockHeld

TRIES, PAUSE_S = 40, 0.05
"""For a lock whose holder is dead."""


@contextmanager
def locked(state_dir: Path) -> Iterator[None]:
    """Hold the lock of *state_dir* for the block; it ends with the process at latest.

    Raises:
        LockHeld: another process has it.
        DiskError: the folder cannot be made or written.
    """
    path = os.path.join(state_dir, "lock")
    try:
        os.makedirs(state_dir, mode=0o700, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DiskError(str(state_dir), error.errno, "use the state folder") from error
    with os.fdopen(descriptor, "r+") as file:
        _take(file, path)
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


def _take(file: TextIO, path: str) -> None:
    """Take the lock.

    A daemon that was killed while it began a command leaves it, for a moment, to a
    child that is not that command yet.

    Raises:
        LockHeld: whoever has it lives, or goes on having it.
    """
    for left in reversed(range(TRIES)):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            told = file.read().strip()
            holder = int(told) if told.isdigit() else None
            if not left or holder is None or _lives(holder):
                raise LockHeld(path, holder) from error
        else:
            return
        Event().wait(PAUSE_S)


def _lives(pid: int) -> bool:
    """Tell whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True
