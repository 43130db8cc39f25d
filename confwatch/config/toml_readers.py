"""Readers for what YAML has not: types that are strict, names in any case.

Knows no field by name.
"""

from collections.abc import Callable, Collection, Mapping
from typing import TypeVar

from confwatch.config.go_scalars import PERMISSIONS, unsigned
from confwatch.config.nodes import Bare, Entry, Fields, Node, Text
from confwatch.config.places import Place, described, nearest
from confwatch.config.readers import Reader, scalar

T = TypeVar("T")
_MAX_ID = 2**32 - 2


def string(parse: Callable[[str], T]) -> Reader[T]:
    """Read a string by *parse*, whose ValueError says what was expected."""

    def read(node: Node, place: Place) -> T:
        if not isinstance(node, Text):
            raise place.refuse(f"expected a string, got {described(node)}")
        if "\0" in node.text:
            raise place.refuse("expected a string without NUL, got one with it")
        return scalar(parse)(node, place)

    return read


def given(parse: Callable[[str], T], otherwise: T) -> Reader[T]:
    """Read a string likewise; an empty one is none, as everywhere in Go."""
    return string(lambda text: parse(text) if text else otherwise)


def read_id(node: Node, place: Place) -> int | None:
    """Read the number of a user or group; -1 is confd's word for the default."""
    if not isinstance(node, Bare) or type(node.value) is not int:
        raise place.refuse(f"expected a whole number, got {described(node)}")
    if not -1 <= node.value <= _MAX_ID:
        raise place.refuse(
            f"expected a number from 0 to {_MAX_ID}, or -1, got {node.value}"
        )
    return None if node.value == -1 else node.value


def read_mode(node: Node, place: Place) -> int | None:
    """Read permission bits as confd does, and warn where that may surprise."""
    text = string(str)(node, place)
    number = given(unsigned, None)(node, place)
    if number is None:
        return None
    bits = number & PERMISSIONS
    if not text.startswith("0"):
        meant = f'; did you mean "0{text}"?' if set(text) <= set("01234567") else ""
        place.warn(f'confd reads "{text}" as decimal, which makes it {bits:04o}{meant}')
    elif number != bits:
        place.warn(f"only permissions are kept, which makes it {bits:04o}")
    return bits


def in_any_case(node: Fields, place: Place) -> Mapping[str, tuple[str, Entry]]:
    """Return what a table holds by lower-case names, beside the names as written.

    Raises:
        Told: a name is there twice; which one confd takes is left to chance.
    """
    found: dict[str, tuple[str, Entry]] = {}
    for name, entry in node.entries.items():
        twin = found.setdefault(name.lower(), (name, entry))[0]
        if twin != name:
            raise place.at(name, entry.line).refuse(f"is already there as {twin}")
    return found


def known_only(
    node: Fields, place: Place, known: Collection[str], reasons: Mapping[str, str]
) -> Fields:
    """Return the fields that are *known*, by their names; the others get a warning.

    Args:
        node: a table, its names in any case.
        place: of the table.
        known: names in lower case.
        reasons: why others are ignored, by name in lower case.
    """
    kept: dict[str, Entry] = {}
    for lower, (name, entry) in in_any_case(node, place).items():
        if lower in known:
            kept[lower] = entry
            continue
        unknown = f"unknown, and ignored as confd does{nearest(name, known)}"
        place.at(name, entry.line).warn(reasons.get(lower, unknown))
    return Fields(node.line, kept)
