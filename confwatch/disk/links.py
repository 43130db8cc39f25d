"""How a path leads to a file: each name that is looked up, each link on the way."""

import errno
import os
from collections import deque
from typing import NamedTuple

MOST_LINKS = 40
"""As many as the kernel follows."""


class Way(NamedTuple):
    """One walk along a path, as the kernel does it.

    Attributes:
        steps: the names that were looked up, in order, each with its real folder.
        links: the paths of those of them that are symlinks.
        end: the real path it leads to; from *lacking* names before its end on, as it
            is written.
        lacking: how many names at the end are not there.
        problem: errno of what ended the walk early; None where the end is there.
    """

    steps: tuple[tuple[str, str], ...]
    links: tuple[str, ...]
    end: str
    lacking: int = 0
    problem: int | None = None


def way_to(path: str, looked: dict[str, str | int] | None = None) -> Way:
    """Walk along an absolute path; what is wrong on it is told, not raised.

    Args:
        path: absolute.
        looked: what was found on other ways of the same moment; grows with this one.
    """
    looked = {} if looked is None else looked
    steps: list[tuple[str, str]] = []
    links: list[str] = []
    here, left = "/", deque(_names(path))
    while left:
        name = left.popleft()
        if name == "..":
            here = os.path.dirname(here)
            continue
        steps.append((here, name))
        here = os.path.join(here, name)
        pointed = looked.get(here)
        if pointed is None:
            pointed = looked[here] = _pointed(here)
        if pointed == errno.EINVAL:
            continue  # it is no link
        if isinstance(pointed, int):
            end = os.path.join(here, *left)
            return Way(tuple(steps), tuple(links), end, 1 + len(left), pointed)
        links.append(here)
        if len(links) > MOST_LINKS:
            return Way(tuple(steps), tuple(links), here, 0, errno.ELOOP)
        here = "/" if pointed.startswith("/") else os.path.dirname(here)
        left.extendleft(reversed(_names(pointed)))
    return Way(tuple(steps), tuple(links), here)


def _pointed(path: str) -> str | int:
    """Return what a link points at, or the errno that tells why it is none."""
    try:
        return os.readlink(path)
    except OSError as error:
        return error.errno or errno.EIO


def _names(path: str) -> list[str]:
    """Split a path into the names that lead somewhere."""
    return [name for name in path.split("/") if name not in ("", ".")]
