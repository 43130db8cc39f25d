r"""Patterns over whole keys, as Go's ``path.Match`` reads them.

``*`` and ``?`` never cross a slash; a class like ``[^x]`` may; ``\`` escapes.
Source: https://pkg.go.dev/path#Match
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from confwatch.model.keys import ROOT, Key

_META = re.compile(r"[*?\[\\]")
_WITHIN = ("[^/]*", "[^/]")
_CLASS_META = re.compile(r"([\\*?\[])")


class Glob:
    """One pattern, understood.

    Attributes:
        pattern: as it was written.
        head: the folder below which everything is that it can match.
        levels: one expression for each segment below *head*; None where a class may
            match a slash, so that segments mean nothing.
    """

    __slots__ = ("_all", "_text", "_whole", "head", "levels", "pattern")

    def __init__(self, pattern: str) -> None:
        """Understand *pattern*.

        Raises:
            ValueError: a class or an escape in it does not end.
        """
        pieces = _pieces(pattern)
        self.pattern = pattern
        self._text = "".join(pieces)
        self._whole: re.Pattern[str] | None = None
        self.head = _head(pattern)
        self.levels = None if _crosses(pieces) else _levels(pieces, self.head)
        self._all = pattern == f"{self.head.rstrip('/')}/*"

    def matches(self, key: str) -> bool:
        """Tell whether the pattern is all of *key*."""
        return self._expression().fullmatch(key) is not None

    def among(self, folder: str, keys: Sequence[Key]) -> Sequence[Key]:
        """Return the keys that match; all of them are right in *folder*."""
        if folder == self.head and self._all:
            return keys
        matched = self._expression().fullmatch
        return [key for key in keys if matched(key)]

    def _expression(self) -> re.Pattern[str]:
        """Return the expression of whole keys; most patterns never need it."""
        if self._whole is None:
            self._whole = re.compile(self._text, re.DOTALL)
        return self._whole


@lru_cache(maxsize=16_384)
def glob(pattern: str) -> Glob:
    """Return the glob of *pattern*, understood once.

    Raises:
        ValueError: as ``Glob``.
    """
    return Glob(pattern)


def escaped(key: str) -> str:
    """Write a key so that a pattern matches just it."""
    return _CLASS_META.sub(r"\\\1", key)


def _head(pattern: str) -> Key:
    """Return the folder that stands before the first thing that is no plain text."""
    found = _META.search(pattern)
    plain = pattern if found is None else pattern[: found.start()]
    return Key(plain[: max(plain.rfind("/"), 0)] or ROOT)


def _pieces(pattern: str) -> list[str]:
    """Translate a pattern, one expression for each thing in it."""
    pieces, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if char == "[":
            piece, at = _class(pattern, at + 1)
        elif char == "\\":
            piece, at = re.escape(_char(pattern, at)[0]), at + 2
        else:
            piece, at = {"*": "[^/]*", "?": "[^/]"}.get(char) or re.escape(char), at + 1
        pieces.append(piece)
    return pieces


def _class(pattern: str, at: int) -> tuple[str, int]:
    """Translate a class that begins before *at*; return it and where it ends."""
    negated = pattern.startswith("^", at)
    at += negated
    ranges: list[str] = []
    while not (ranges and pattern.startswith("]", at)):
        low, at = _class_char(pattern, at)
        high = low
        if pattern.startswith("-", at):
            high, at = _class_char(pattern, at + 1)
        # A range that runs backwards matches nothing in Go; here it would be refused.
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            ranges.append("")
    inside = "".join(ranges)
    if not inside:
        return (".", at + 1) if negated else ("(?!)", at + 1)
    return f"[{'^' * negated}{inside}]", at + 1


def _class_char(pattern: str, at: int) -> tuple[str, int]:
    """Return one character of a class; a bare ``-`` or ``]`` is none."""
    if pattern[at : at + 1] in ("-", "]"):
        raise ValueError("syntax error in pattern")
    return _char(pattern, at)


def _char(pattern: str, at: int) -> tuple[str, int]:
    """Return the character at *at*, its escape undone, and where it ends."""
    if pattern.startswith("\\", at):
        at += 1
    if at >= len(pattern):
        raise ValueError("syntax error in pattern")
    return pattern[at], at + 1


def _crosses(pieces: list[str]) -> bool:
    """Tell whether anything but a plain slash can match one."""
    return any(
        piece.startswith(("[", "."))  # all else is plain
        and piece not in _WITHIN
        and re.fullmatch(piece, "/", re.DOTALL) is not None
        for piece in pieces
    )


def _levels(pieces: list[str], head: Key) -> tuple[re.Pattern[str], ...]:
    """Cut the expression at its slashes, and off what *head* says already."""
    levels = [""]
    for piece in pieces:
        if piece == "/":
            levels.append("")
        else:
            levels[-1] += piece
    depth = 1 if head == ROOT else head.count("/") + 1
    return tuple(re.compile(level, re.DOTALL) for level in levels[depth:])
