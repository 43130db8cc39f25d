"""Files an operator wrote, read as text: bounded, UTF-8, nothing but text.

Knows no format; what cannot be read is a ConfigError that names the file.
"""

import os
import stat
from pathlib import Path

from confwatch.errors import ConfigError

MAX_BYTES = 1024 * 1024
"""Far above any file a person writes; a log file linked here by mistake is refused."""


def read_text(path: Path) -> str:
    """Return the text of a regular file, its byte order mark cut off.

    Raises:
        ConfigError: not there, not readable, not a file, too large, or not UTF-8.
    """
    file = str(path)
    try:
        # A FIFO must not make us wait, here or later.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as opened:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ConfigError(file, None, "", "expected a regular file")
            raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
        raise ConfigError(file, None, "", problem) from error
    if len(raw) > MAX_BYTES:
        raise ConfigError(file, None, "", f"larger than {MAX_BYTES} bytes")
    return decoded(raw, file)


def decoded(raw: bytes, file: str) -> str:
    """Return the text in *raw*, its byte order mark cut off.

    Raises:
        ConfigError: not UTF-8; names the line of the first bad byte.
    """
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(file, line, "", "expected UTF-8 text") from error
