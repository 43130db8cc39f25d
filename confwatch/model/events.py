"""What a store tells: first the whole picture, then every change."""

from collections.abc import Mapping
from enum import Enum
from typing import NewType, TypeAlias

from msgspec import Struct

from confwatch.model.keys import Key

Revision = NewType("Revision", str)
"""The store's opaque mark for "now": equal or not; only its adapter orders two."""


class Consistency(Enum):
    """How much of one moment an event holds."""

    REVISION = "revision"
    """All that one transaction did arrives in one event (etcd)."""
    PREFIX = "prefix"
    """One prefix is of one moment, two prefixes need not be (Consul)."""
    KEY = "key"
    """Each key is whole, nothing is promised of two (ZooKeeper, Redis, dir)."""


class Loaded(Struct, frozen=True):
    """The whole picture below *scope*; it replaces all we knew there.

    Attributes:
        scope: prefixes, none below another.
        revision: the moment of the picture.
        entries: every key below *scope* and its value.
    """

    scope: frozenset[Key]
    revision: Revision
    entries: Mapping[Key, bytes]


class Changed(Struct, frozen=True):
    """All that happened up to one revision since the event before.

    Attributes:
        revision: the moment after the change.
        put: keys with their new values; wins over *gone*.
        gone: keys that no longer exist.
    """

    revision: Revision
    put: Mapping[Key, bytes]
    gone: frozenset[Key]


StoreEvent: TypeAlias = Loaded | Changed


class Delta(Struct, frozen=True):
    """What an event really changed in a mirror.

    Attributes:
        store: the mirror's store, by its name in the settings.
        changed: keys whose value is another one now, or that came or went.
        renamed: the keys among them that came or went, so that listings differ.
    """

    store: str
    changed: frozenset[Key]
    renamed: frozenset[Key]

    def __bool__(self) -> bool:
        """Be true where anything changed at all."""
        return bool(self.changed)
