"""What one step of a template may make: nothing that takes all time or memory at once.

A loop is stopped by the clock; ``9 ** 9 ** 9`` is one step, and nobody could stop it.
Sizes often come from a store, so they are looked at before the step is made.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from confwatch.render.refused import Refused

MOST_BITS = 4096
"""Of a whole number."""
MOST_ITEMS = 1_000_000
"""Of a list that is counted out or multiplied."""
MOST_WIDTH = 10_000
"""Of a field, in characters."""
MOST_CHARS = 64 * 1024 * 1024
"""Of a text between two steps."""

_FIELD = re.compile(r"%(?:\([^)]*\))?[-+ #0]*(\*|\d*)(?:\.(\*|\d*))?")
_WIDTHS = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})


def check_operation(operator: str, left: object, right: object) -> None:
    """Look at an operation before it is made.

    Raises:
        Refused: it would make too much.
    """
    if operator == "**" and isinstance(left, int) and isinstance(right, int):
        fits(left.bit_length() * max(right, 0), MOST_BITS)
    elif operator == "*" and isinstance(left, int) and isinstance(right, int):
        fits(left.bit_length() + right.bit_length(), MOST_BITS)
    elif operator == "*":
        _check_repeated(left, right)
        _check_repeated(right, left)
    elif operator == "+" and isinstance(left, str) and isinstance(right, str):
        fits(len(left) + len(right), MOST_CHARS)
    elif operator == "+" and isinstance(left, list | tuple):
        fits(len(left) + (len(right) if hasattr(right, "__len__") else 0), MOST_ITEMS)
    elif operator == "%" and isinstance(left, str):
        check_layout(left, right if isinstance(right, tuple) else (right,))


def check_layout(layout: str, things: Iterable[object]) -> None:
    """Look at what ``%`` or ``printf`` is to write.

    Raises:
        Refused: a field is too wide, or all of it too long.
    """
    given = [*things]
    fields = _FIELD.findall(layout)
    for width in (one for field in fields for one in field):
        if width == "*":
            check_widths(given)
        elif width:
            fits(int(width), MOST_WIDTH)
    named = [
        one for thing in given if isinstance(thing, dict) for one in thing.values()
    ]
    longest = max(
        (len(one) for one in (*given, *named) if isinstance(one, str)), default=0
    )
    fits(len(layout) + len(fields) * max(longest, 1), MOST_CHARS)


def check_widths(things: Iterable[object]) -> None:
    """Look at arguments that say how wide something is to be.

    Raises:
        Refused: one of them is too large.
    """
    for one in things:
        if isinstance(one, int):
            fits(one, MOST_WIDTH)


def check_replaced(text: str, old: str, new: str) -> None:
    """Look at a replacement.

    Raises:
        Refused: it would be too long.
    """
    fits(len(text) + text.count(old) * len(new), MOST_CHARS)


def joined(items: Iterable[Any], separator: str) -> list[Any]:
    """Return *items* as a list, to be joined.

    Raises:
        Refused: they would be too long together.
    """
    parts = [*items]
    sizes = sum(len(one) for one in parts if isinstance(one, str))
    fits(sizes + len(parts) * len(separator), MOST_CHARS)
    return parts


def check_method(
    text: str, name: str, arguments: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Look at a call of a text's method; return its arguments.

    Raises:
        Refused: it would make too much.
    """
    given = (*arguments, *named.values())
    if name in _WIDTHS:
        check_widths(given)
        fits(text.count("\t") * MOST_WIDTH * (name == "expandtabs"), MOST_CHARS)
    elif name == "replace" and all(isinstance(one, str) for one in given[:2]):
        check_replaced(text, *given[:2])
    elif name == "join" and len(arguments) == 1:
        return (joined(arguments[0], text),)
    elif name in ("format", "format_map"):
        check_widths(map(int, re.findall(r"\d+", text)))
        check_widths(given if re.search(r":[^}]*\{", text) else ())
    return arguments


def fits(size: int, most: int) -> None:
    """Pass what is small enough.

    Raises:
        Refused: it is not.
    """
    if size > most:
        raise Refused(f"would make more than {most} at one step")


def _check_repeated(thing: object, times: object) -> None:
    """Look at a text or list times a number."""
    if isinstance(times, int) and isinstance(thing, str):
        fits(len(thing) * times, MOST_CHARS)
    elif isinstance(times, int) and isinstance(thing, list | tuple):
        fits(len(thing) * times, MOST_ITEMS)
