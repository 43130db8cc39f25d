"""Templates that are edited, and files that they read, are taken up at once.

Any event beside them only says "look": what changed is found by comparing what the
files are now with what they were, so no editor's habits and no lost event matter.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from confwatch.daemon.folders import Folders, folder_of

SETTLE_S = 0.05
"""Editors write in several steps; after this the last of them is done."""
RESCAN_S = 30.0
"""Where the kernel tells nothing (overlay, network disks, an overflow)."""

_WANTED: list[type[FileSystemEvent]] = [
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
]

Signature: TypeAlias = tuple[int, ...] | None


class _Bell(FileSystemEventHandler):
    """Turns every event of the watching threads into one bell on the loop.

    Attributes:
        event: rung where there is a reason to look.
        touched: whether something happened to a file; else others matter now.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.event = asyncio.Event()
        self.touched = False
        self._loop = loop

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Ring, unless it was only read."""
        if event.event_type not in ("opened", "closed_no_write"):
            self._loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        self.touched = True
        self.event.set()


@asynccontextmanager
async def watched(
    folder: Path,
    files: Callable[[], Iterable[str]],
    changed: Callable[[list[str]], None],
) -> AsyncIterator[Callable[[], None]]:
    """Tell of edited files for as long as the block runs.

    Args:
        folder: of the templates; watched with its subfolders.
        files: returns the files that matter now, in other folders too.
        changed: told which of them are others than before.

    Yields:
        What to call when there are other files.
    """
    bell = _Bell(asyncio.get_running_loop())
    elsewhere: Folders | None = None
    with suppress(OSError):  # then they are looked at from time to time
        elsewhere = Folders(bell, _WANTED)
    try:
        with _observed(folder, bell):
            async with asyncio.TaskGroup() as group:
                look = _Look(str(folder), files, changed, elsewhere)
                looking = group.create_task(look.run(bell), name="templates")
                try:
                    yield bell.event.set
                finally:
                    looking.cancel()
    finally:
        if elsewhere is not None:
            await asyncio.to_thread(elsewhere.close)


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


class _Look:
    """Compares the files that matter with what they were."""

    def __init__(
        self,
        folder: str,
        files: Callable[[], Iterable[str]],
        changed: Callable[[list[str]], None],
        elsewhere: Folders | None,
    ) -> None:
        self._below = f"{folder}/"
        self._files = files
        self._changed = changed
        self._elsewhere = elsewhere
        self._known: dict[str, Signature] = {}

    async def run(self, bell: _Bell) -> None:
        """Compare at every bell, and now and then without one, for ever."""
        while True:
            await _rung(bell.event)
            touched, bell.touched = bell.touched, False
            files = list(self._files())
            now = await asyncio.to_thread(self._watch_and_look, files)
            # A file seen for the first time may be what was touched, and one in a
            # folder that was not watched until now may have been touched unheard.
            # Rendering it again costs a comparison.
            other = [
                path
                for path, signature in now.items()
                if (
                    self._known[path] != signature
                    if path in self._known
                    else touched or not path.startswith(self._below)
                )
            ]
            self._known = now
            if other:
                self._changed(other)

    def _watch_and_look(self, files: list[str]) -> dict[str, Signature]:
        """Watch where files are that are no templates, then look at all. Blocks."""
        if self._elsewhere is not None:
            others = (one for one in files if not one.startswith(self._below))
            self._elsewhere.watch({folder_of(one) for one in others})
        return _signatures(files)


async def _rung(bell: asyncio.Event) -> None:
    """Wait for a bell and for calm after it, or until it is time to look anyway."""
    with suppress(TimeoutError):
        async with asyncio.timeout(RESCAN_S):
            await bell.wait()
        await asyncio.sleep(SETTLE_S)
    bell.clear()


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
