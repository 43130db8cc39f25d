"""What the kernel tells of folders and files: one instance, read on the loop.

watchdog's observers take a thread and an instance for each folder, of which the kernel
allows 128; its bindings take none.
"""

import asyncio
import ctypes
import fcntl
import os
import struct
from collections.abc import Callable
from typing import NamedTuple

from watchdog.observers import inotify_c
from watchdog.observers.inotify_c import InotifyConstants as In

_HEAD = struct.Struct("iIII")
_MOST_BYTES = 1 << 16

NAMES = In.IN_CREATE | In.IN_DELETE | In.IN_MOVED_FROM | In.IN_MOVED_TO | In.IN_ONLYDIR
"""Names that come and go in a folder."""
CONTENTS = In.IN_MODIFY | In.IN_CLOSE_WRITE | In.IN_ATTRIB
"""Files that are written or chmoded, in a folder or alone."""


class Told(NamedTuple):
    """One event.

    Attributes:
        watch: which of ours, -1 for all.
        name: in the folder that is watched; "" for itself.
        lost: whether the watch, or events, went.
    """

    watch: int
    name: str
    lost: bool


class Inotify:
    """One instance, and the watches on it."""

    def __init__(self, heard: Callable[[list[Told]], None]) -> None:
        """Begin to listen on the running loop.

        Raises:
            OSError: the kernel has no instance left.
        """
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._descriptor = inotify_c.inotify_init()
        if self._descriptor < 0:
            raise _failure()
        fcntl.fcntl(self._descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
        os.set_blocking(self._descriptor, False)
        self._loop.add_reader(self._descriptor, self._read)

    def watch(self, path: str, mask: int) -> int:
        """Watch a path, or watch it for more; return the number of the watch.

        Two paths of one folder have one number. Blocks.

        Raises:
            OSError: it is not there, or the kernel watches no more.
        """
        flags = mask | In.IN_MASK_ADD
        number = inotify_c.inotify_add_watch(self._descriptor, os.fsencode(path), flags)
        if number < 0:
            raise _failure()
        return number

    def leave(self, watch: int) -> None:
        """Watch something no more; it may be gone already."""
        inotify_c.inotify_rm_watch(self._descriptor, inotify_c.WatchDescriptor(watch))

    def close(self) -> None:
        """End all watches."""
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)

    def _read(self) -> None:
        """Hand on what the kernel has to tell."""
        try:
            raw = os.read(self._descriptor, _MOST_BYTES)
        except BlockingIOError:
            return
        told, at = [], 0
        while at < len(raw):
            watch, mask, _, length = _HEAD.unpack_from(raw, at)
            at += _HEAD.size
            name = os.fsdecode(raw[at : at + length].rstrip(b"\0"))
            at += length
            lost = bool(mask & (In.IN_IGNORED | In.IN_Q_OVERFLOW))
            told.append(Told(watch, name, lost))
        self._heard(told)


def _failure() -> OSError:
    """Return what the last call failed with."""
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number))
