"""Prefixes as etcd's ranges of bytes. Pure.

``/app`` and all below it lie between ``/app`` and ``/app0``, for ``0`` is the byte
behind ``/``; so do ``/app-x`` and ``/app.x``, which are filtered here.
"""

from collections.abc import Container, Iterable
from dataclasses import dataclass

from confwatch.model.keys import ROOT, Key, clean, decoded, encoded, is_below, scope_of

MOST_STREAMS = 8
MOST_ALLOWED_STREAMS = 64
"""Where joined ranges hold what we may not read."""


@dataclass(frozen=True, slots=True)
class Range:
    """Keys from *key* up to, not including, *end*."""

    key: bytes
    end: bytes

    def holds(self, other: "Range") -> bool:
        """Tell whether *other* lies inside."""
        return self.key <= other.key and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Namespace:
    """The part of etcd below the URL's prefix.

    Attributes:
        prefix: stands before every key; ROOT for nothing.
    """

    prefix: Key

    def raw(self, key: Key) -> bytes:
        """Return a key as etcd has it."""
        if self.prefix == ROOT:
            return encoded(key)
        return encoded(self.prefix if key == ROOT else self.prefix + key)

    def text(self, raw: bytes) -> str | None:
        """Return etcd's key, the prefix cut off; None where it is not below it."""
        text = decoded(raw)
        if not is_below(text, self.prefix):
            return None
        return text if self.prefix == ROOT else text[len(self.prefix) :] or ROOT

    def scope(self, raw: bytes, scopes: Container[Key]) -> Key | None:
        """Return the scope that etcd's key is in; None where it is in none."""
        text = self.text(raw)
        return None if text is None else scope_of(text, scopes)

    def range(self, prefix: Key, *, inner: bool = False) -> Range:
        """Return the range of a prefix.

        Args:
            prefix: as we see it.
            inner: without the prefix's own key: all that a role granted with
                ``--prefix /app/`` may read.
        """
        raw = self.raw(prefix)
        if raw == b"/":
            return Range(b"/", b"0")
        return Range(raw + b"/" if inner else raw, raw + b"0")


def as_key(text: str) -> Key | None:
    """Return the key that etcd's key is; None where it is none.

    ``/a/`` and ``/a//b`` name no key of their own: some tools mark folders so.
    """
    return Key(text) if clean(text) == text else None


def covering(ranges: Iterable[Range]) -> Range:
    """Return the smallest range that holds all of *ranges*."""
    found = list(ranges)
    return Range(min(one.key for one in found), max(one.end for one in found))


def grouped(ranges: Iterable[Range], most: int = MOST_STREAMS) -> list[Range]:
    """Return at most *most* ranges that hold *ranges*, neighbours joined.

    None overlaps another: of one key only one stream tells, so in order.
    """
    found: list[Range] = []
    for one in sorted(set(ranges), key=lambda one: one.key):
        if found and one.key < found[-1].end:
            found[-1] = covering((found[-1], one))
        else:
            found.append(one)
    size = -(-len(found) // most)
    return [covering(found[at : at + size]) for at in range(0, len(found), size)]
