"""Watches just the folders that some files are in, not what is below them."""

from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

MOST_FOLDERS = 100
"""A thread each; what is in further ones is looked at from time to time."""


class Folders:
    """The folders watched now."""

    def __init__(
        self, handler: FileSystemEventHandler, wanted: list[type[FileSystemEvent]]
    ) -> None:
        """Begin with none.

        Raises:
            OSError: the kernel watches no more for us.
        """
        self._handler = handler
        self._wanted = wanted
        self._observer = Observer()
        self._watches: dict[str, ObservedWatch] = {}
        self._observer.start()

    def watch(self, folders: set[str]) -> None:
        """Watch these from now on; what cannot be is looked at all the same. Blocks."""
        wanted = sorted(folders)[:MOST_FOLDERS]
        for folder in self._watches.keys() - {*wanted}:
            self._observer.unschedule(self._watches.pop(folder))
        for folder in wanted:
            if folder in self._watches:
                continue
            try:
                self._watches[folder] = self._observer.schedule(
                    self._handler, folder, recursive=False, event_filter=self._wanted
                )
            except OSError:
                continue

    def close(self) -> None:
        """End the threads. Blocks."""
        self._observer.stop()
        self._observer.join()


def folder_of(path: str) -> str:
    """Return the folder a file is in, or will be in once it and its folders are."""
    folder = Path(path).parent
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    return str(folder)
