"""Texts that mean something: durations, sizes, modes, numbers, names.

Pure: a text in, a value out, or ValueError with the words for "expected ...".
"""

import ipaddress
import re
from pathlib import PurePosixPath

from confwatch.model.endpoint import is_address

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_GO_UNITS_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, **_UNITS_S}
_SIZES = {"B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3}
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_DURATION = re.compile(rf"({_NUMBER})(ms|s|m|h)")
_GO_STEP = re.compile(r"([0-9]*\.?[0-9]*)(ns|us|µs|μs|ms|s|m|h)")
_SIZE = re.compile(r"([0-9]{1,12})(B|KiB|MiB|GiB)")
_OWNER = re.compile(r"[^\s:/-][^\s:/]{0,255}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_MODE = re.compile(r"(?:0o)?0{0,2}([0-7]{1,3})")

LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""One label of a DNS name, in lower case."""
MAX_DURATION_S = 366 * 24 * 3600.0
"""A year; more is a slip of the pen."""
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""Names that become file names: no slash, no leading dot."""


def duration(text: str) -> float:
    """Return the seconds in ``500ms``, ``5s``, ``1.5m``, ``1h`` or ``0``.

    A bare number other than 0 is refused: nobody can tell its unit.
    """
    if text == "0":
        return 0.0
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError('a duration like "5s" or "500ms"')
    return _bounded(float(found[1]) * _UNITS_S[found[2]])


def go_duration(text: str) -> float:
    """Return the seconds in a duration as Go writes it, ``1m30s`` or ``-1.5h``.

    Source: https://pkg.go.dev/time#ParseDuration
    """
    sign = -1.0 if text.startswith("-") else 1.0
    rest = text[1:] if text[:1] in ("-", "+") else text
    if rest == "0":
        return 0.0
    total, position = 0.0, 0
    while step := _GO_STEP.match(rest, position):
        if step[1] in ("", "."):
            break
        total += float(step[1]) * _GO_UNITS_S[step[2]]
        position = step.end()
    if position == 0 or position < len(rest):
        raise ValueError('a Go duration like "5s" or "1m30s"')
    return sign * _bounded(total)


def _bounded(seconds: float) -> float:
    if seconds > MAX_DURATION_S:
        raise ValueError("a duration of at most 366 days")
    return seconds


def size(text: str) -> int:
    """Return the bytes in ``512B``, ``64KiB``, ``64MiB`` or ``1GiB``."""
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError('a size like "64MiB" or "512KiB"')
    return int(found[1]) * _SIZES[found[2]]


def mode(text: str) -> int:
    """Return the permission bits in ``0644``, ``644`` or ``0o644``: always octal."""
    found = _MODE.fullmatch(text)
    if found is None:
        raise ValueError('an octal mode like "0644", at most "0777"')
    return int(found[1], 8)


def boolean(text: str) -> bool:
    """Return what ``true``, ``yes``, ``on`` or ``false``, ``no``, ``off`` means."""
    lowered = text.lower()
    if lowered in ("true", "yes", "on"):
        return True
    if lowered in ("false", "no", "off"):
        return False
    raise ValueError("true or false")


def number(text: str, lowest: int, highest: int) -> int:
    """Return a whole number between two bounds, both allowed."""
    if re.fullmatch(r"[0-9]{1,18}", text) and lowest <= int(text) <= highest:
        return int(text)
    raise ValueError(f"a whole number from {lowest} to {highest}")


def name(text: str) -> str:
    """Return a name that may become a file's name."""
    if not NAME.fullmatch(text):
        raise ValueError("a name of letters, digits, . _ - (at most 128)")
    return text


def absolute(text: str) -> str:
    """Return the absolute path of a file, as it was written."""
    if not text.startswith("/") or text.endswith(("/", "/.", "/..")):
        raise ValueError("an absolute path of a file")
    return printable(text)


def file_path(text: str) -> str:
    """Return the path of a file, absolute or not, as it was written."""
    if not text.strip() or text.endswith(("/", "/.", "/..")):
        raise ValueError("the path of a file")
    return printable(text)


def folder(text: str) -> str:
    """Return the absolute path of a folder, without a trailing slash."""
    if not text.startswith("/"):
        raise ValueError("an absolute path of a folder")
    return str(PurePosixPath(printable(text)))


def filled(text: str) -> str:
    """Return a text that says something."""
    if not text.strip():
        raise ValueError("a text")
    return text


def printable(path: str) -> str:
    """Return a path that fits on one line of a message or an environment variable."""
    if _CONTROL.search(path):
        raise ValueError("a path without control characters")
    return path


def inside(text: str) -> str:
    """Return a relative path that cannot lead out of the folder it starts in."""
    path = PurePosixPath(text)
    if not path.parts or path.is_absolute() or ".." in path.parts:
        raise ValueError("a path below templates/, without ..")
    return str(PurePosixPath(printable(text)))


def owner(text: str) -> str | int:
    """Return a user's or group's number, or its name."""
    if re.fullmatch(r"[0-9]{1,10}", text) and int(text) < 2**32 - 1:
        return int(text)
    if not text.isdecimal() and _OWNER.fullmatch(text):
        return text
    raise ValueError("a name or number")


def host(text: str) -> str:
    """Return an IP address, as it is commonly written, or the name of a host."""
    if not is_address(text):
        raise ValueError("an IP address or the name of a host")
    return str(ipaddress.ip_address(text)) if ":" in text else text


def port(text: str) -> int:
    """Return a TCP or UDP port."""
    return number(text, 1, 65535)
