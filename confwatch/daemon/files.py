"""Templates that are edited, and files that they read, are taken up at once.

Any event beside them only says "look": what changed is found by comparing what the
files are now with what they were, so no editor's habits and no lost event matter.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
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

from confwatch.aio.threads import finish
from confwatch.daemon.trails import Trails

POLL_S = 30.0
"""Between looks where the kernel tells nothing (network disks, an overflow)."""
REST = 10
"""A look rests this many times what it took."""

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


class _Touched(FileSystemEventHandler):
    """Turns every event below the templates' folder into a bell on the loop.

    Attributes:
        anything: whether something happened there; else others matter now.
    """

    def __init__(self, bell: asyncio.Event) -> None:
        self.anything = False
        self._bell = bell
        self._loop = asyncio.get_running_loop()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Ring, unless it was only read."""
        if event.event_type not in ("opened", "closed_no_write"):
            self._loop.call_soon_threadsafe(self._ring)

    def _ring(self) -> None:
        self.anything = True
        self._bell.set()


@asynccontextmanager
async def watched(
    folder: Path,
    files: Callable[[], Iterable[str]],
    changed: Callable[[list[str]], None],
    poll_s: float = POLL_S,
) -> AsyncIterator[Callable[[], None]]:
    """Tell of edited files for as long as the block runs.

    Args:
        folder: of the templates; watched with its subfolders.
        files: returns the files that matter now, in other folders too.
        changed: told which of them are others than before.
        poll_s: seconds between looks without a reason.

    Yields:
        What to call when there are other files.
    """
    with closing(Trails()) as trails:
        touched = _Touched(trails.bell)
        with _observed(folder, touched):
            async with asyncio.TaskGroup() as group:
                look = _Look(f"{folder}/", files, changed, trails)
                looking = group.create_task(look.run(touched, poll_s), name="templates")
                try:
                    yield trails.bell.set
                finally:
                    looking.cancel()


@contextmanager
def _observed(folder: Path, touched: _Touched) -> Iterator[None]:
    """Tell *touched* of events below *folder*; one that is not there has none."""
    try:
        observer = Observer()
    except OSError:
        # The kernel has none left; what is read is looked at from time to time.
        yield
        return
    observer.schedule(touched, str(folder), recursive=True, event_filter=_WANTED)
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
        below: str,
        files: Callable[[], Iterable[str]],
        changed: Callable[[list[str]], None],
        trails: Trails,
    ) -> None:
        self._below = below
        self._files = files
        self._changed = changed
        self._trails = trails
        self._known: dict[str, Signature] = {}
        self._first: set[str] = set()

    async def run(self, touched: _Touched, poll_s: float) -> None:
        """Compare at every bell, and now and then without one, for ever."""
        loop = asyncio.get_running_loop()
        due_at = loop.time() + poll_s
        while True:
            rung = await self._trails.rung(due_at)
            started = loop.time()
            anything, touched.anything = touched.anything, False
            files = {*self._files()}
            # Watched first: what happens to them from here on rings.
            await self._trails.follow(files)
            now = await finish(partial(_signatures, files))
            other = self._others(now, anything=anything)
            self._known = now
            if other:
                self._changed(other)
            if not rung:
                self._trails.doubt(other)
            rest_s = REST * (loop.time() - started)
            if not rung:
                due_at = loop.time() + max(poll_s, rest_s)
            await asyncio.sleep(rest_s)

    def _others(self, now: dict[str, Signature], *, anything: bool) -> list[str]:
        """Return the files that are not as they were, or may not be.

        A file seen for the first time, now or just before, may be what was touched, and
        one outside the templates' folder, which was not watched, may have been touched
        unheard. Rendering it again costs a comparison.
        """
        first = now.keys() - self._known.keys()
        doubted = first | self._first if anything else first
        self._first = first
        return [
            path
            for path, signature in now.items()
            if self._known.get(path, signature) != signature
            or (path in doubted and (anything or not path.startswith(self._below)))
        ]


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
                status.st_ctime_ns,  # also where its time was put back
            )
    return found
