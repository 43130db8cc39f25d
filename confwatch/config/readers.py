"""Nodes in, values out: how a field of each kind is read.

A reader takes a node and its place, and returns a value or raises ``Told``. What a
mapping may hold is declared as a ``Form``: a frozen msgspec struct whose annotations
carry the readers. Knows no field by name.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeAlias, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct, field

from confwatch.config import scalars
from confwatch.config.nodes import Fields, Items, Node, Nothing, Text
from confwatch.config.places import Place, Placed, Told, described, nearest, quoted

T = TypeVar("T")
F = TypeVar("F", bound="Form")

Reader: TypeAlias = Callable[[Node, Place], T]


class Form(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a mapping may hold; every field is ``Annotated[type, reader]``."""


class Shape(Struct, frozen=True):
    """The names a mapping knows.

    Attributes:
        readers: by field.
        required: fields without a default.
        hints: what to say about a field that is not known, but known of.
    """

    readers: Mapping[str, Reader[Any]]
    required: frozenset[str] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict)


def scalar(parse: Callable[[str], T]) -> Reader[T]:
    """Read one value by *parse*, whose ValueError says what was expected."""

    def read(node: Node, place: Place) -> T:
        if not isinstance(node, Text):
            raise place.refuse(f"expected a single value, got {described(node)}")
        try:
            return parse(node.text)
        except ValueError as error:
            raise place.refuse(f"expected {error}, got {described(node)}") from None

    return read


def whole(lowest: int, highest: int) -> Reader[int]:
    """Read a whole number between two bounds, both allowed."""
    return scalar(lambda text: scalars.number(text, lowest, highest))


def choice(*names: str) -> Reader[str]:
    """Read one of *names*."""

    def pick(text: str) -> str:
        if text not in names:
            raise ValueError(f"one of {', '.join(names)}")
        return text

    return scalar(pick)


def placed(reader: Reader[T]) -> Reader[Placed[T]]:
    """Read as *reader* does, and remember where the value stands."""
    return lambda node, place: Placed(reader(node, place), place)


def list_of(reader: Reader[T]) -> Reader[tuple[T, ...]]:
    """Read a list; every item that cannot be used is told."""

    def read(node: Node, place: Place) -> tuple[T, ...]:
        if not isinstance(node, Items):
            raise place.refuse(f"expected a list, got {described(node)}")
        values: list[T] = []
        for index, item in enumerate(node.items):
            try:
                values.append(reader(item, place.item(index, item.line)))
            except Told:
                continue
        if len(values) < len(node.items):
            raise Told
        return tuple(values)

    return read


def mapping_of(name: Callable[[str], str], reader: Reader[T]) -> Reader[dict[str, T]]:
    """Read a mapping with free names, each judged by *name*."""

    def read(node: Node, place: Place) -> dict[str, T]:
        entries = _entries(node, place)
        values: dict[str, T] = {}
        for key, entry in entries.items():
            inner = place.at(key, entry.value.line)
            try:
                values[_named(key, name, inner)] = reader(entry.value, inner)
            except Told:
                continue
        if len(values) < len(entries):
            raise Told
        return values

    return read


def form(kind: type[F], hints: Mapping[str, str] | None = None) -> Reader[F]:
    """Read a mapping into a form."""
    shape = shape_of(kind, hints)
    return lambda node, place: kind(**read_fields(node, place, shape))


def shape_of(kind: type[Form], hints: Mapping[str, str] | None = None) -> Shape:
    """Return what a form declares: readers, and which fields must be there."""
    declared = msgspec.structs.fields(kind)
    readers = {
        one.name: get_args(one.type)[1]
        for one in declared
        if get_origin(one.type) is Annotated
    }
    required = frozenset(one.name for one in declared if one.required) & readers.keys()
    return Shape(readers, required, hints or {})


def read_fields(node: Node, place: Place, shape: Shape) -> dict[str, Any]:
    """Read what a mapping holds; raises Told once everything wrong in it was told."""
    values: dict[str, Any] = {}
    told = False
    for name, entry in _entries(node, place).items():
        inner = place.at(name, entry.value.line)
        try:
            if name not in shape.readers:
                raise _unknown(name, place.at(name, entry.line), shape)
            if not _left_out(entry.value, inner):
                values[name] = shape.readers[name](entry.value, inner)
        except Told:
            told = True
            values[name] = None
    for name in sorted(shape.required - values.keys()):
        told = True
        place.at(name, place.line).refuse("is missing")
    if told:
        raise Told
    return values


def _entries(node: Node, place: Place) -> Mapping[str, Any]:
    if not isinstance(node, Fields):
        raise place.refuse(f"expected a mapping, got {described(node)}")
    return node.entries


def _left_out(node: Node, place: Place) -> bool:
    """Tell whether ``~`` asks for the default; a value forgotten is refused."""
    if isinstance(node, Nothing) and not node.spelled:
        raise place.refuse("has no value; write one, or ~ for the default")
    return isinstance(node, Nothing)


def _unknown(name: str, place: Place, shape: Shape) -> Told:
    hint = shape.hints.get(name)
    return place.refuse(hint or f"unknown field{nearest(name, shape.readers)}")


def _named(key: str, name: Callable[[str], str], place: Place) -> str:
    try:
        return name(key)
    except ValueError as error:
        raise place.refuse(f"expected {error}, got {quoted(key)}") from None
