"""Keys: path-like names, the same meaning in every store.

A key starts with ``/`` and has no trailing slash; ``/`` alone is the root.
Bytes that are not UTF-8 live in it as surrogate escapes, so every key of every
store has exactly one text and comes back byte for byte.
"""

from collections.abc import Container, Iterable
from typing import NamedTuple, NewType

Key = NewType("Key", str)

ROOT = Key("/")


class Ref(NamedTuple):
    """A key, or a pattern over keys, in one of the named stores."""

    store: str
    key: Key


def clean(text: str) -> Key:
    """Make the key that *text* means: one slash in front, none doubled or trailing."""
    return Key("/" + "/".join(part for part in text.split("/") if part))


def join(prefix: Key, key: str) -> Key:
    """Put *prefix* before *key*, as confd's ``path.Join`` does."""
    return clean(f"{prefix}/{key}")


def is_below(key: str, prefix: Key) -> bool:
    """Tell whether *key* is *prefix* or in its subtree: ``/app`` is not ``/apple``."""
    if prefix == ROOT:
        return key.startswith("/")
    return key.startswith(prefix) and (
        len(key) == len(prefix) or key[len(prefix)] == "/"
    )


def scope_of(key: str, prefixes: Container[Key]) -> Key | None:
    """Return the innermost of many prefixes that holds *key*, by the key's own depth.

    Thousands of prefixes cost no more than one.
    """
    while key and key != ROOT:
        if key in prefixes:
            return Key(key)
        key = key[: key.rfind("/")] or ROOT
    return ROOT if key and ROOT in prefixes else None


def is_covered(key: str, cover: Container[Key]) -> bool:
    """Tell whether one of the prefixes in *cover* holds *key*."""
    return scope_of(key, cover) is not None


def outermost(prefixes: Iterable[Key]) -> frozenset[Key]:
    """Drop every prefix that another one covers."""
    kept: set[Key] = set()
    for prefix in sorted(set(prefixes), key=len):
        if not is_covered(prefix, kept):
            kept.add(prefix)
    return frozenset(kept)


def without(prefix: Key, key: Key) -> Key:
    """Cut *prefix* from *key*, which must be below it; templates see the rest."""
    return key if prefix == ROOT else Key(key[len(prefix) :] or "/")


def decoded(raw: bytes) -> str:
    """Turn stored bytes into text from which ``encoded`` gets them back unchanged."""
    return raw.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Turn text from ``decoded`` back into the very same bytes."""
    return text.encode("utf-8", "surrogateescape")
