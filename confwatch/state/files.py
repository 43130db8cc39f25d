"""Small JSON files, replaced whole and synced."""

import contextlib
import json
import os
import secrets
from typing import TypeVar

import msgspec

from confwatch.errors import DiskError

T = TypeVar("T")
_NEW = ".new"


def load(path: str, kind: type[T]) -> T | None:
    """Return what a file holds; None where it is absent or makes no sense.

    What makes no sense is set aside as ``NAME.bad``, for somebody to look at.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read()
    except OSError:
        return None
    try:
        return msgspec.convert(json.loads(raw), kind)
    except (ValueError, msgspec.ValidationError):
        with contextlib.suppress(OSError):
            os.replace(path, f"{path}.bad")
        return None


def save(path: str, value: object) -> None:
    """Replace a file by *value*, synced; only we may read it.

    Raises:
        DiskError: the older one stands.
    """
    # The standard library keeps surrogate escapes, which keys and paths may hold.
    text = json.dumps(msgspec.to_builtins(value), indent=1, sort_keys=True)
    folder = os.path.dirname(path)
    stage = os.path.join(folder, f".{secrets.token_hex(4)}{_NEW}")
    try:
        if not os.path.isdir(folder):
            os.makedirs(folder, mode=0o700, exist_ok=True)
            _sync(os.path.dirname(folder))
        try:
            _write(stage, text.encode("ascii"))
            os.replace(stage, path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(stage)
            raise
        _sync(folder)
    except OSError as error:
        raise DiskError(path, error.errno, "record") from error


def sweep(folder: str) -> None:
    """Remove what a crash left half written; nobody else may be saving there."""
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            if name.startswith(".") and name.endswith(_NEW):
                os.unlink(os.path.join(folder, name))


def _write(path: str, content: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: str) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
