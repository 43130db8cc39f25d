"""Paths in settings: a relative one starts where its writer stood.

In the settings file that is the file's folder; in a flag or a variable, the working
folder.
"""

import os
from pathlib import Path

from confwatch.config import scalars
from confwatch.config.nodes import Node
from confwatch.config.places import Place
from confwatch.config.readers import scalar


def read_path(node: Node, place: Place) -> Path:
    """Read a path and make it absolute."""
    return absolute_at(scalar(_path)(node, place), place)


def absolute_at(path: str, place: Place) -> Path:
    """Make *path*, which is written at *place*, absolute; links are not followed."""
    return below(Path(place.file).parent if place.file else Path(), path)


def below(start: Path, path: str) -> Path:
    """Return the absolute path that *path* means from *start*; links are not followed.

    What a link means may change while we run, so ``Path.resolve`` is not it.
    """
    return Path(os.path.abspath(start / path))  # noqa: PTH100 - absolute() keeps ".."


def _path(text: str) -> str:
    if not text.strip():
        raise ValueError("a path")
    return scalars.printable(text)
