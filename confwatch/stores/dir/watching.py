"""Which files may have changed, as the kernel tells it.

A file that is being written is looked at once its writer is done: closed or moved into
place at once, anything else after a moment, so that nobody's truncated file and no
editor's "delete, then create" is ever taken for a value.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

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

from confwatch.stores.dir.names import OURS

SETTLE_S = 0.1
STORM = 4096
"""Events; where so many come the kernel may have had no room for more (16,384)."""
_SWAPPED = "..data"
"""Kubernetes renames this link to change all files of a volume at once."""
_ENDS = (DirDeletedEvent, DirMovedEvent)
_DONE = frozenset({"closed", "moved"})
_WANTED: list[type[FileSystemEvent]] = [
    FileCreatedEvent,
    FileModifiedEvent,
    FileClosedEvent,
    FileMovedEvent,
    FileDeletedEvent,
    DirCreatedEvent,
    DirMovedEvent,
    DirDeletedEvent,
]
"""All but who opens and reads: our own looks would be told to us, file by file."""


class Dirty:
    """Paths that have to be looked at, at once or after a moment.

    Attributes:
        bell: rung when there is something new.
        at_once: paths to look at.
        everything: whether to look at all.
        lost: the folder itself went, and with it what watched it.
    """

    def __init__(self, bell: asyncio.Event) -> None:
        self.bell = bell
        self.at_once: set[str] = set()
        self.everything = False
        self.lost = False
        self._loop = asyncio.get_running_loop()
        self._settling: dict[str, asyncio.TimerHandle] = {}
        self._events = 0
        self._storm: asyncio.TimerHandle | None = None

    def done(self, path: str) -> None:
        """Look at *path* at once."""
        self._count()
        waiting = self._settling.pop(path, None)
        if waiting is not None:
            waiting.cancel()
        self.at_once.add(path)
        self.bell.set()

    def touched(self, path: str) -> None:
        """Look at *path* once it has been left alone for a moment."""
        self._count()
        waiting = self._settling.get(path)
        if waiting is not None:
            waiting.cancel()
        self._settling[path] = self._loop.call_later(SETTLE_S, self.done, path)

    def all(self) -> None:
        """Look at everything."""
        self.everything = True
        self.bell.set()

    def lose(self) -> None:
        """Watch anew: another folder of the same name may take its place."""
        self.lost = True
        self.bell.set()

    def _count(self) -> None:
        """Count an event; look at everything once a storm of them has calmed down."""
        self._events += 1
        if self._events >= STORM:
            if self._storm is not None:
                self._storm.cancel()
            self._storm = self._loop.call_later(SETTLE_S, self._calmed)

    def _calmed(self) -> None:
        """Look for what was dropped: the kernel tells that to nobody we could ask."""
        self._events, self._storm = 0, None
        self.all()

    def close(self) -> None:
        """Drop what is still waiting."""
        if self._storm is not None:
            self._storm.cancel()
        for waiting in self._settling.values():
            waiting.cancel()


class _Listener(FileSystemEventHandler):
    """Hands every event of the watching thread to the loop."""

    def __init__(
        self, root: str, dirty: Dirty, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._root = root
        self._dirty = dirty
        self._loop = loop

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Sort one event by how soon it has to be looked at."""
        if event.src_path == self._root and isinstance(event, _ENDS):
            self._loop.call_soon_threadsafe(self._dirty.lose)
        for path in (event.src_path, event.dest_path):
            if path:
                self._tell(str(path), done=event.event_type in _DONE)

    def _tell(self, path: str, *, done: bool) -> None:
        """Tell the loop of one path."""
        name = PurePosixPath(path).name
        if path.startswith(f"{self._root}/{OURS}/"):
            return  # beats of leases, every few seconds
        if name == _SWAPPED:
            self._loop.call_soon_threadsafe(self._dirty.all)
        elif done:
            self._loop.call_soon_threadsafe(self._dirty.done, path)
        else:
            self._loop.call_soon_threadsafe(self._dirty.touched, path)


@contextmanager
def watched(root: str, bell: asyncio.Event) -> Iterator[Dirty]:
    """Collect what changes below *root* for the block, and ring *bell* for it.

    Raises:
        OSError: the folder is not there, or the kernel watches no more folders.
    """
    loop = asyncio.get_running_loop()
    dirty = Dirty(bell)
    observer = Observer()
    observer.schedule(
        _Listener(root, dirty, loop), root, recursive=True, event_filter=_WANTED
    )
    try:
        observer.start()
    except OSError:
        # Never started, it would keep its descriptors and a thread for ever.
        observer.on_thread_stop()
        raise
    try:
        yield dirty
    finally:
        dirty.close()
        observer.stop()
        observer.join()
