"""Templates that are edited are taken up at once.

Any event below templates/ only says "look": what changed is found by comparing what
the files are now with what they were, so no editor's habits and no lost event matter.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TypeAlias

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

SETTLE_S = 0.05
"""Editors write in several steps; after this the last of them is done."""
RESCAN_S = 30.0
"""Where the kernel tells nothing (overlay, network disks, an overflow)."""

Signature: TypeAlias = tuple[int, ...] | None


class _Bell(FileSystemEventHandler):
    """Turns every event of the watching thread into one bell on the loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, bell: asyncio.Event) -> None:
        self._loop = loop
        self._bell = bell

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Ring, unless it was only read."""
        if event.event_type not in ("opened", "closed_no_write"):
            self._loop.call_soon_threadsafe(self._bell.set)


@asynccontextmanager
async def watched(
    folder: Path,
    files: Callable[[], Iterable[str]],
    changed: Callable[[list[str]], None],
) -> AsyncIterator[None]:
    """Tell of edited files for as long as the block runs.

    Args:
        folder: where to look for events; its subfolders too.
        files: returns the files that matter now.
        changed: told which of them are others than before.
    """
    bell = asyncio.Event()
    with _observed(folder, _Bell(asyncio.get_running_loop(), bell)):
        async with asyncio.TaskGroup() as group:
            looking = group.create_task(_look(bell, files, changed), name="templates")
            try:
                yield
            finally:
                looking.cancel()


@contextmanager
def _observed(folder: Path, bell: _Bell) -> Iterator[None]:
    """Ring *bell* for events below *folder*; one that is not there has none."""
    try:
        observer = Observer()
    except OSError:
        # The kernel has none left; what is read is looked at from time to time.
        yield
        return
    observer.schedule(bell, str(folder), recursive=True)
    try:
        observer.start()
    except OSError:
        observer.on_thread_stop()  # gives back what it holds already
        yield
        return
    try:
        yield
    finally:
        observer.stop()
        observer.join()


async def _look(
    bell: asyncio.Event,
    files: Callable[[], Iterable[str]],
    changed: Callable[[list[str]], None],
) -> None:
    """Compare at every bell, and now and then without one, for ever."""
    known: dict[str, Signature] = {}
    while True:
        rung = await _rung(bell)
        now = await asyncio.to_thread(_signatures, list(files()))
        # A file seen for the first time may be what the bell was for; rendering it
        # again costs a comparison. Without a bell there is no reason to think so.
        other = [
            path
            for path, signature in now.items()
            if (known[path] != signature if path in known else rung)
        ]
        known = now
        if other:
            changed(other)


async def _rung(bell: asyncio.Event) -> bool:
    """Wait for a bell and for calm after it; False where it is just time to look."""
    try:
        async with asyncio.timeout(RESCAN_S):
            await bell.wait()
    except TimeoutError:
        return False
    await asyncio.sleep(SETTLE_S)
    bell.clear()
    return True


def _signatures(paths: Iterable[str]) -> dict[str, Signature]:
    """Return what tells one version of each file from another; None where it is not."""
    found: dict[str, Signature] = {}
    for path in paths:
        try:
            status = Path(path).stat()
        except OSError:
            found[path] = None
        else:
            found[path] = (
                status.st_dev,
                status.st_ino,
                status.st_size,
                status.st_mtime_ns,
            )
    return found
