"""Keys as they are written: below the resource's prefix, or in another store."""

import re

from msgspec import Struct

from confwatch.model.keys import Key, clean

_ELSEWHERE = re.compile(r"([A-Za-z0-9_][A-Za-z0-9._-]{0,127}):(/.*)", re.DOTALL)


class KeyText(Struct, frozen=True):
    """A key before its store is known to exist; *store* is "" for the resource's."""

    store: str
    path: Key


def plain_key(text: str) -> Key:
    """Return the key that *text* means, from the root of its store."""
    if not text.startswith("/"):
        raise ValueError('a key like "/app/web"')
    if {".", ".."} & set(text.split("/")):
        raise ValueError("a key without . and .. between its slashes")
    return clean(text)


def key_text(text: str) -> KeyText:
    """Return what ``/path`` or ``store:/path`` names."""
    found = _ELSEWHERE.fullmatch(text)
    if found is None:
        return KeyText("", plain_key(text))
    return KeyText(found[1], plain_key(found[2]))
