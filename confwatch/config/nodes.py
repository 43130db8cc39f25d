"""What a file says before anybody knows what it means: texts, lists and mappings.

Every scalar is the text that was written, so ``0644``, ``no`` and ``1:30`` stay
themselves until a field says what it wants. Values only: no reading, no converting.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct


class Text(Struct, frozen=True):
    """A scalar, as it was written; *line* is None for a flag or the environment."""

    line: int | None
    text: str


class Nothing(Struct, frozen=True):
    """No value: ``field:`` with nothing behind it, or a plain ``~`` or ``null``.

    Attributes:
        spelled: whether somebody wrote ``~`` or ``null``, and so means the default.
    """

    line: int | None
    spelled: bool


class Bare(Struct, frozen=True):
    """A value of TOML that is no string: a number, true or false, a date."""

    line: int | None
    value: object


class Items(Struct, frozen=True):
    """A list."""

    line: int | None
    items: "tuple[Node, ...]"


class Entry(Struct, frozen=True):
    """One name of a mapping: where the name stands, and its value."""

    line: int | None
    value: "Node"


class Fields(Struct, frozen=True):
    """A mapping, in the order it was written."""

    line: int | None
    entries: Mapping[str, Entry]


Node: TypeAlias = Text | Nothing | Bare | Items | Fields
