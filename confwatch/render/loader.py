"""Finds templates below one folder, and notes every file that was looked for."""

import os
from collections.abc import Callable
from pathlib import Path

from jinja2 import BaseLoader, Environment, TemplateNotFound
from jinja2.loaders import split_template_path

from confwatch.model.keys import decoded
from confwatch.render.refused import Refused
from confwatch.render.regular import read_regular

MOST_BYTES = 16 * 1024 * 1024
"""A render holds the loop while its template is read."""


class FolderLoader(BaseLoader):
    """Loads ``folder/NAME``; no name leads out of the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return where a template is, or would be.

        Raises:
            TemplateNotFound: the name leads out of the folder.
        """
        return self._folder.joinpath(*split_template_path(name))

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """Read a template: its text, path, and whether it is still the same file.

        Raises:
            TemplateNotFound: there is none of this name.
            Refused: it cannot be read, is no regular file, or is larger than 16 MiB.
        """
        del environment
        path = self.path(template)
        try:
            found, raw = read_regular(str(path), MOST_BYTES)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise TemplateNotFound(template) from error
        except OSError as error:
            problem = f"cannot read template {template}: {error.strerror}"
            raise Refused(problem) from error
        # A template that is no UTF-8 is put out byte for byte.
        return decoded(raw), str(path), lambda: _is_still(path, found)


def _is_still(path: Path, found: os.stat_result) -> bool:
    """Tell whether nobody wrote, moved or removed the file that was *found*."""
    try:
        return _mark(path.stat()) == _mark(found)
    except OSError:
        return False


def _mark(found: os.stat_result) -> tuple[int, ...]:
    """Return what differs when a file was written."""
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
