"""Writes keys as files: whole, synced, moved into place."""

import contextlib
import os
import secrets

from confwatch.aio.threads import finish
from confwatch.errors import SourceRejected
from confwatch.model.keys import ROOT, Key
from confwatch.stores.dir.edge import translated
from confwatch.stores.dir.leases import remove, sync_folder
from confwatch.stores.dir.names import key_of, path_of, writable_path


class DirWriter:
    """What ``confwatch kv`` writes a folder through."""

    def __init__(self, root: str) -> None:
        self._root = root

    async def put(self, key: Key, value: bytes) -> None:
        """Set *key*; returns once it is on disk.

        Raises:
            SourceUnavailable, SourceRejected: nothing is known to be written.
        """
        with translated(self._root):
            await finish(lambda: write(self._root, key, value))

    async def remove(self, key: Key, *, subtree: bool = False) -> int:
        """Remove *key*, and all below it where asked; return how many keys went.

        Raises:
            SourceUnavailable, SourceRejected: some of them may still be there.
        """
        with translated(self._root):
            return await finish(lambda: _remove(self._root, key, subtree=subtree))


def write(root: str, key: Key, value: bytes) -> None:
    """Write one key, its folders where they are missing. Blocks.

    Raises:
        SourceRejected: it can be no file here.
        OSError: it could not be written.
    """
    path = writable_path(root, key)
    folder = os.path.dirname(path)
    if os.path.isdir(path):
        problem = f"cannot hold {key}: there are keys below it, so it is a folder"
        raise SourceRejected(f"dir:{root}", problem)
    try:
        os.makedirs(folder, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        problem = f"cannot hold {key}: a part of it is a key, and so a file"
        raise SourceRejected(f"dir:{root}", problem) from error
    stage = os.path.join(folder, f".confwatch-{secrets.token_hex(4)}")
    try:
        with open(stage, "xb") as file:
            file.write(value + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.rename(stage, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(stage)
        raise
    sync_folder(folder)


def _remove(root: str, key: Key, *, subtree: bool) -> int:
    """Remove a key and, where asked, all below it. Blocks."""
    gone = int(key != ROOT and remove(root, key)) if not _is_folder(root, key) else 0
    if subtree:
        for folder, _, names in os.walk(path_of(root, key)):
            for name in names:
                inner = key_of(root, os.path.join(folder, name))
                gone += inner is not None and remove(root, inner)
    return gone


def _is_folder(root: str, key: Key) -> bool:
    return os.path.isdir(path_of(root, key))
