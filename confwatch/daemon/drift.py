"""Targets that somebody else changes are noticed at once.

Any event beside a target only says "look": whether it is as it was left is found by
comparing, so our own work and no lost event matter.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from watchdog.events import (
    FileClosedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)

from confwatch.daemon.folders import Folders
from confwatch.disk.present import marks
from confwatch.pipeline.street import Street

SETTLE_S = 0.05
RESCAN_S = 30.0
"""Where the kernel tells nothing; also how soon another folder is watched."""
_WANTED: list[type[FileSystemEvent]] = [
    FileClosedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]


class _Touched(FileSystemEventHandler):
    """Collects the paths that something happened to, and rings."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.bell = asyncio.Event()
        self.paths: set[str] = set()
        self._loop = loop

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Note both ends of a move; our own hidden files concern nobody."""
        for path in (event.src_path, event.dest_path):
            if path and "/.confwatch-" not in str(path):
                self._loop.call_soon_threadsafe(self._note, str(path))

    def _note(self, path: str) -> None:
        self.paths.add(path)
        self.bell.set()


@asynccontextmanager
async def watched(street: Street) -> AsyncIterator[Callable[[], None]]:
    """Have drift seen to for as long as the block runs.

    Yields:
        What to call when there are other targets.
    """
    touched = _Touched(asyncio.get_running_loop())
    folders: Folders | None = None
    with suppress(OSError):  # then targets are looked at from time to time
        folders = Folders(touched, _WANTED)
    try:
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(_look(street, touched, folders), name="drift")
            try:
                yield touched.bell.set
            finally:
                looking.cancel()
    finally:
        if folders is not None:
            await asyncio.to_thread(folders.close)


async def _look(street: Street, touched: _Touched, folders: Folders | None) -> None:
    """Look at every bell, and at all targets now and then, for ever."""
    pending: set[str] = set()
    targets: dict[str, str] = {}
    while True:
        other = targets.keys() != set(street.targets())
        if other:
            targets = await asyncio.to_thread(_real, street.targets())
        # Each time: a folder may have been made just now.
        if folders is not None:
            await asyncio.to_thread(folders.watch, {*map(_folder, targets.values())})
        # What happened before they were watched was told by nobody.
        everything = other or not await _rung(touched, again=bool(pending))
        paths, touched.paths = touched.paths | pending, set()
        looked = [
            target
            for target, real in targets.items()
            if everything or target in paths or real in paths
        ]
        now = await asyncio.to_thread(marks, looked)
        pending = set() if await street.targets_looked_at(now) else {*looked}


def _real(targets: list[str]) -> dict[str, str]:
    """Return where targets really are. Blocks."""
    return {one: str(Path(one).resolve()) for one in targets}


def _folder(path: str) -> str:
    return str(Path(path).parent)


async def _rung(touched: _Touched, *, again: bool) -> bool:
    """Wait for a bell and for calm after it; False where it is just time to look."""
    if not again:
        try:
            async with asyncio.timeout(RESCAN_S):
                await touched.bell.wait()
        except TimeoutError:
            return False
    await asyncio.sleep(SETTLE_S)
    touched.bell.clear()
    return True
