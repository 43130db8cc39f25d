"""Lists and mappings."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from confwatch.mirror.pair import Pair
from confwatch.render.refused import Refused

T = TypeVar("T")


def reverse(items: Iterable[T]) -> list[T]:
    """Return the items, last first."""
    return list(items)[::-1]


def sortByLength(items: Iterable[str]) -> list[str]:
    """Return texts, the shortest first."""
    return sorted(items, key=len)


def sortKVByLength(pairs: Iterable[Pair]) -> list[Pair]:
    """Return pairs, the shortest key first."""
    return sorted(pairs, key=lambda pair: len(pair.key))


def map_(*items: object) -> dict[object, object]:
    """Make a mapping of a name, a thing, a name, a thing.

    Raises:
        Refused: a name without a thing, or one that is no text.
    """
    if len(items) % 2:
        raise Refused("invalid map call")
    names = items[::2]
    if not all(isinstance(name, str) for name in names):
        raise Refused("map keys must be strings")
    return dict(zip(names, items[1::2], strict=True))


def index(thing: object, *where: object) -> object:
    """Return what stands in a list or mapping, step by step.

    Raises:
        Refused: nothing stands there.
    """
    for step in where:
        if isinstance(thing, Mapping):
            if step not in thing:
                raise Refused("index: no such name in the mapping")
            thing = thing[step]
        elif isinstance(thing, Sequence) and isinstance(step, int):
            if not 0 <= step < len(thing):
                raise Refused(f"index: out of range: {step}")
            thing = thing[step]
        else:
            raise Refused("index: neither a list nor a mapping")
    return thing
