"""Leases of the embedded store: a file each, with the keys under it and a beat.

They stand in ``.confwatch/leases``, outside of what is watched. All changes are made
under one lock.
"""

import contextlib
import errno
import fcntl
import json
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from confwatch.model.keys import Key
from confwatch.stores.dir.names import OURS, is_inside, path_of

LOCK_S = 2.0
LOCK_STEP_S = 0.01
"""The lock is held for a few small files; who holds it for longer does not run."""
MOST_BYTES = 8 << 20
"""A lease of thousands of keys is far smaller; anybody may put anything here."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One lease as it stands in its file.

    Attributes:
        ttl: seconds that it outlives its last beat.
        keys: what goes with it.
        beat: another number at every renewal.
    """

    ttl: float
    keys: tuple[Key, ...] = ()
    beat: int = 0


class LeaseFolder:
    """The leases of one store. Everything here blocks, and raises OSError."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._folder = os.path.join(root, OURS, "leases")

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep all others from changing leases, and records under them."""
        os.stat(self._root)  # a store that is not there is not made by announcing
        os.makedirs(self._folder, mode=0o755, exist_ok=True)
        path = os.path.join(self._root, OURS, "lock")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _lock(descriptor, path)
            yield
        finally:
            os.close(descriptor)

    def changed_at(self) -> int:
        """Tell when a lease last came or went, in ns of the file system's clock."""
        return os.stat(self._folder).st_mtime_ns

    def names(self) -> list[str]:
        """Name all leases."""
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        return [name for name in names if not name.startswith(".")]

    def read(self, name: str) -> Lease | None:
        """Return a lease; None where there is none, or what is there is no lease."""
        try:
            # A pipe that somebody left here would never answer.
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(self._path(name), flags)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
                return None
            raise
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return None
            raw = os.read(descriptor, MOST_BYTES)
        finally:
            os.close(descriptor)
        try:
            return msgspec.convert(json.loads(raw), Lease)
        except (ValueError, msgspec.ValidationError, RecursionError):
            return None

    def signature(self, name: str) -> tuple[int, int, int]:
        """Return what changes whenever a lease is written."""
        found = os.lstat(self._path(name))
        return found.st_ino, found.st_mtime_ns, found.st_size

    def write(self, name: str, lease: Lease, *, synced: bool = False) -> None:
        """Make or replace a lease.

        Args:
            name: of the lease.
            lease: what it shall be.
            synced: on the disk when this returns; a beat need not be.
        """
        stage = self._path(f".{secrets.token_hex(4)}")
        # The standard library keeps the surrogate escapes that keys may hold.
        text = json.dumps(msgspec.to_builtins(lease))
        try:
            with open(stage, "x", encoding="ascii") as file:
                file.write(text)
                if synced:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(stage, self._path(name))
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(stage)
            raise
        if synced:
            sync_folder(self._folder)

    def owner(self, key: Key, *, besides: str) -> str | None:
        """Name another lease that *key* is under; None where it is under none."""
        for name in self.names():
            lease = self.read(name) if name != besides else None
            if lease is not None and key in lease.keys:
                return name
        return None

    def end(self, name: str) -> None:
        """Remove a lease and all keys under it, but for those of other leases."""
        lease = self.read(name)
        keys = set(lease.keys) if lease is not None else set()
        for other in self.names() if keys else ():
            found = self.read(other) if other != name else None
            keys -= set(found.keys) if found is not None else set()
        failure: OSError | None = None
        for key in sorted(keys):
            try:
                # Anybody who may write here may have written the lease.
                if is_inside(self._root, key):
                    remove(self._root, key)
            except OSError as error:
                failure = error
        if failure is not None:
            raise failure  # the lease stays, for another try
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self._path(name))

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, name)


def _lock(descriptor: int, path: str) -> None:
    """Take the lock; whoever holds it may be frozen, so not for ever.

    Raises:
        TimeoutError: it was not free in time.
    """
    pause = threading.Event()
    for _ in range(int(LOCK_S / LOCK_STEP_S)):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pause.wait(LOCK_STEP_S)
    raise TimeoutError(errno.ETIMEDOUT, "somebody else holds the lock", path)


def remove(root: str, key: Key) -> bool:
    """Remove a key and the folders that are empty then; False where it was not."""
    path = path_of(root, key)
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return False
    with contextlib.suppress(OSError):
        while (path := os.path.dirname(path)) != root:
            os.rmdir(path)
    return True


def sync_folder(path: str) -> None:
    """Let what was moved into a folder be on the disk. Blocks."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
