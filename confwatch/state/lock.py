"""One daemon a state folder."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confwatch.errors import DiskError, LockHeld


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
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            told = file.read().strip()
            raise LockHeld(path, int(told) if told.isdigit() else None) from error
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
