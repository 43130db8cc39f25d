"""Leases of the embedded store: a file each, with the keys under it and a beat.

They stand in ``.confwatch/leases``, outside of what is watched. Whoever reads the store
reaps: a lease whose beat has stood still for its ttl, on the reader's own clock, is
dead. All changes are made under one lock.
"""

import asyncio
import contextlib
import errno
import fcntl
import json
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from confwatch.aio.threads import finish
from confwatch.model.keys import Key
from confwatch.stores.dir.names import OURS, is_inside, path_of

LOOK_S = 1.0
LOCK_S = 2.0
LOCK_STEP_S = 0.01
"""The lock is held for a few small files; who holds it for longer does not run."""


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
            with open(self._path(name), "rb") as file:
                return msgspec.convert(json.loads(file.read()), Lease)
        except (FileNotFoundError, ValueError, msgspec.ValidationError):
            return None

    def write(self, name: str, lease: Lease) -> None:
        """Make or replace a lease."""
        stage = self._path(f".{secrets.token_hex(4)}")
        # The standard library keeps the surrogate escapes that keys may hold.
        text = json.dumps(msgspec.to_builtins(lease))
        try:
            with open(stage, "x", encoding="ascii") as file:
                file.write(text)
            os.replace(stage, self._path(name))
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(stage)
            raise

    def owner(self, key: Key) -> str | None:
        """Name the lease that *key* is under; None where it is under none."""
        for name in self.names():
            lease = self.read(name)
            if lease is not None and key in lease.keys:
                return name
        return None

    def end(self, name: str) -> None:
        """Remove a lease and all keys under it."""
        lease = self.read(name)
        for key in lease.keys if lease is not None else ():
            # Anybody who may write here may have written the lease.
            if is_inside(self._root, key):
                remove(self._root, key)
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
    except (FileNotFoundError, NotADirectoryError):
        return False
    with contextlib.suppress(OSError):
        while (path := os.path.dirname(path)) != root:
            os.rmdir(path)
    return True


class Reaper:
    """Ends the leases whose beat stands still."""

    def __init__(self, root: str) -> None:
        self._leases = LeaseFolder(root)
        self._seen: dict[str, tuple[int, float]] = {}

    async def run(self) -> None:
        """Look again and again, for ever; a folder that is not there has no leases."""
        loop = asyncio.get_running_loop()
        while True:
            now = loop.time()
            with contextlib.suppress(OSError):
                await finish(lambda now=now: self.look(now))  # type: ignore[misc]
            await asyncio.sleep(LOOK_S)

    def look(self, now: float) -> None:
        """Look at all beats once. Blocks.

        Args:
            now: seconds on any clock of ours that never goes back.
        """
        seen = {}
        for name in self._leases.names():
            lease = self._leases.read(name)
            if lease is None:
                continue
            beat, since = self._seen.get(name, (lease.beat, now))
            if lease.beat != beat:
                since = now
            seen[name] = (lease.beat, since)
            if now - since > lease.ttl:
                self._reap(name, lease.beat)
        self._seen = seen

    def _reap(self, name: str, beat: int) -> None:
        """End a lease, unless it has beaten just now."""
        with self._leases.locked():
            lease = self._leases.read(name)
            if lease is not None and lease.beat == beat:
                self._leases.end(name)
