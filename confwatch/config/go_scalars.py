"""Texts as confd's Go reads them: modes, waits, paths and keys.

Pure: a text in, a value out, or ValueError with the words for "expected ...".
"""

import posixpath
import re

from confwatch.config import scalars
from confwatch.config.keys import plain_key
from confwatch.model.keys import Key, clean, is_below

PERMISSIONS = 0o777
"""The bits of a mode that confd hands on; Go keeps setuid and the like elsewhere."""

_DIGITS = {16: "[0-9a-fA-F]", 8: "[0-7]", 2: "[01]", 10: "[0-9]"}
_PREFIXES = {"0x": 16, "0o": 8, "0b": 2}
_MAX_UINT32 = 2**32 - 1


def unsigned(text: str) -> int:
    """Return the number in ``0644``, ``0o644``, ``0x1a4`` or ``0_644``; 644 is decimal.

    Source: https://pkg.go.dev/strconv#ParseUint, base 0 and 32 bits.
    """
    base = _PREFIXES.get(text[:2].lower())
    if base is not None:
        # An underscore may follow such a prefix as it may follow a digit.
        digits = text[2:].removeprefix("_")
    elif text.startswith("0"):
        base, digits = 8, text
    else:
        base, digits = 10, text
    if not re.fullmatch(f"{_DIGITS[base]}(?:_?{_DIGITS[base]}){{0,40}}", digits):
        raise ValueError('a mode like "0644"')
    number = int(digits.replace("_", ""), base)
    if number > _MAX_UINT32:
        raise ValueError("a mode of at most 32 bits")
    return number


def wait(text: str) -> float:
    """Return the seconds in a Go duration, which must not be negative."""
    seconds = scalars.go_duration(text)
    if seconds < 0:
        raise ValueError("a duration of at least zero")
    return seconds


def timeout(text: str) -> float:
    """Return the seconds a command may take; 0, confd's "for ever", is refused."""
    seconds = scalars.go_duration(text)
    if seconds <= 0:
        raise ValueError("a timeout above zero")
    return seconds


def source(text: str) -> str:
    """Return a path below templates/, cleaned as confd joins it: ``/a`` is ``a``."""
    return scalars.inside(posixpath.normpath(text.lstrip("/")) if text else "")


def target(text: str) -> str:
    """Return the absolute path of a file, as it was written."""
    if not text.startswith("/"):
        raise ValueError(
            "an absolute path of a file (confd takes a relative one"
            " from the folder it was started in)"
        )
    return scalars.absolute(text)


def account(text: str) -> str:
    """Return the name of a user or group, which is no number."""
    made = scalars.owner(text)
    if made == text:
        return text
    raise ValueError("a name (a number is given by uid or gid)")


def prefix(text: str) -> Key:
    """Return a prefix; confd adds the slash in front where it is missing."""
    return plain_key(f"/{text}")


def joined(before: Key, text: str) -> Key:
    """Put a prefix before a key as Go's ``path.Join`` does, ``.`` and ``..`` resolved.

    Raises:
        ValueError: the key leads out of the prefix, which templates cannot follow.
    """
    made = Key(posixpath.normpath(clean(f"{before}/{text}")))
    if not is_below(made, before):
        raise ValueError("a key below the prefix")
    return made
