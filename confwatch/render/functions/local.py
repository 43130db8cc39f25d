"""Files of this machine as templates see them; what is looked at is recorded."""

from pathlib import Path

from confwatch.model.keys import decoded
from confwatch.render.reads import Recorder
from confwatch.render.refused import Refused
from confwatch.render.regular import read_regular

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
            _, content = read_regular(self._noted(path), MOST_BYTES)
        except OSError as error:
            raise Refused(f"cannot read {path}: {error.strerror}") from error
        return decoded(content)

    def _noted(self, path: str) -> str:
        """Note a path as whoever watches it has to name it."""
        whole = str(Path(path).absolute())
        self._recorder.files.add(whole)
        return whole
