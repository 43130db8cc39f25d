"""Nothing may outlive a test: no thread, no open file, no child."""

import gc
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

KEPT_THREADS = ("asyncio_", "names", "waitpid-", "MainThread")
"""Pools that the program keeps for its life, and the loop's own."""


def _descriptors() -> dict[str, str]:
    found = {}
    for entry in Path("/proc/self/fd").iterdir():
        try:
            found[entry.name] = str(entry.readlink())
        except FileNotFoundError:
            continue
    return found


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


@pytest.fixture(autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail a test that leaves a thread, a file or a child behind."""
    files, children = _descriptors(), _children()
    yield
    if _left(files, children):
        # What only waits to be collected is no leak; collecting each time takes long.
        gc.collect()
    left = _left(files, children)
    assert not left, f"left behind: {left}"


def _left(files: dict[str, str], children: set[str]) -> list[str]:
    """Name what is there now and was not before."""
    threads = [
        one.name
        for one in threading.enumerate()
        if not one.name.startswith(KEPT_THREADS) and "pytest_timeout" not in one.name
    ]
    opened = [
        path
        for number, path in _descriptors().items()
        if number not in files
        # The loop that the next test gets is opened by its fixture.
        and not path.startswith(("anon_inode:[eventpoll]", "socket:", "/proc"))
    ]
    started = [f"child {number}" for number in _children() - children]
    return [*threads, *opened, *started]
