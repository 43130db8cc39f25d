"""Runs confwatch again and again, each time killed before its Nth step on disk.

As a program it reads a line of JSON for each run and forks it off, everything imported
already. A step is a call that makes or moves a file, or makes it last.
"""

import asyncio
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

STEPS = ("rename", "replace", "link", "unlink", "fsync", "fchmod")
NEVER = 10**9


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


class Runs:
    """The runs of confwatch that a process of its own forks off.

    Attributes:
        printed: what the last one printed.
    """

    def __init__(self, program: "subprocess.Popen[str]") -> None:
        self._program = program
        self.printed = ""

    def end(self, arguments: Sequence[str], step: int = NEVER) -> int:
        """Run to the end, or to *step*; return the exit status, or minus a signal.

        The commands that a killed run had begun have ended then as well.
        """
        assert self._program.stdin is not None
        assert self._program.stdout is not None
        self._program.stdin.write(json.dumps([arguments, step]) + "\n")
        self._program.stdin.flush()
        status, self.printed = json.loads(self._program.stdout.readline())
        return int(status)


@contextmanager
def runs() -> Iterator[Runs]:
    """Hold the process that forks them off."""
    root = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    ) as program:
        yield Runs(program)


def _confwatch(arguments: Sequence[str], step: int) -> None:
    """Light the fuse and run."""
    from confwatch.cli.main import main

    fuse = Fuse(step)
    for name in STEPS:
        setattr(os, name, fuse.wrap(getattr(os, name)))
    # The commands are steps as well: before one, and once it has ended.
    asyncio.create_subprocess_exec = fuse.wrap(asyncio.create_subprocess_exec)
    main(arguments)


def _forked(arguments: Sequence[str], step: int) -> tuple[int, str]:
    """Run in a process of its own; return how it ended, and what it printed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        os.closerange(3, writing + 1)
        _confwatch(arguments, step)
        sys.exit(0)
    os.close(writing)
    # Whatever it started holds the other end, too.
    with os.fdopen(reading, errors="replace") as output:
        printed = output.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed


def _serve() -> None:
    """Import everything, and run for each line."""
    import confwatch

    for module in pkgutil.walk_packages(confwatch.__path__, "confwatch."):
        if module.name != "confwatch.__main__":
            import_module(module.name)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_forked(*json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
