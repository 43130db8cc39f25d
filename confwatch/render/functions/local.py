"""Files of this machine as templates see them; what is looked at is recorded."""

import os
import stat
from pathlib import Path

from confwatch.render.reads import Recorder
from confwatch.render.refused import Refused

MOST_BYTES = 1024 * 1024
"""A render holds the loop while it reads; what is larger is no part of a template."""


class LocalFiles:
    """Tells of files, and notes which: a change of one renders again."""

    def __init__(self) -> None:
        self._recorder = Recorder()

    def note_in(self, recorder: Recorder) -> None:
        """Note in *recorder* what is looked at from now on."""
        self._recorder = recorder

    def fileExists(self, path: str) -> bool:
        """Tell whether a path is there, its symlinks followed; unreadable is there."""
        try:
            Path(self._noted(path)).stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True
        return True

    def file(self, path: str) -> str:
        """Return what a file holds; bytes that are not UTF-8 come out as they are.

        Raises:
            Refused: it cannot be read, is no regular file, or is larger than 1 MiB.
        """
        try:
            # Not to be held up by a FIFO.
            descriptor = os.open(
                self._noted(path), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
            )
        except OSError as error:
            raise Refused(f"cannot read {path}: {error.strerror}") from error
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Refused(f"cannot read {path}: it is not a regular file")
            with os.fdopen(descriptor, "rb", closefd=False) as opened:
                content = opened.read(MOST_BYTES + 1)
        finally:
            os.close(descriptor)
        if len(content) > MOST_BYTES:
            raise Refused(f"cannot read {path}: it is larger than 1 MiB")
        return content.decode("utf-8", "surrogateescape")

    def _noted(self, path: str) -> str:
        """Note a path as whoever watches it has to name it."""
        whole = str(Path(path).absolute())
        self._recorder.files.add(whole)
        return whole
