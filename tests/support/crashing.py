"""Runs confwatch and kills it before its Nth step on disk.

As ``python tests/support/crashing.py N CONFWATCH-ARGUMENTS``. A step is a call that
makes or moves a file, or makes it last. Ends with status 0 where there is no Nth.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

STEPS = ("rename", "replace", "link", "unlink", "fsync", "fchmod")


class Fuse:
    """Counts down, and then kills the process."""

    def __init__(self, steps: int) -> None:
        self._left = steps
        self._lock = threading.Lock()

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return *call*, which burns some of the fuse."""

        def burning(*args: object, **named: object) -> object:
            with self._lock:
                self._left -= 1
                if self._left <= 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **named)

        return burning


def main() -> None:
    """Light the fuse and run."""
    fuse = Fuse(int(sys.argv[1]))
    for name in STEPS:
        setattr(os, name, fuse.wrap(getattr(os, name)))
    # The commands are steps as well: before one, and once it has ended.
    asyncio.create_subprocess_exec = fuse.wrap(asyncio.create_subprocess_exec)
    from confwatch.cli.main import main as confwatch

    confwatch(sys.argv[2:])


if __name__ == "__main__":
    main()
