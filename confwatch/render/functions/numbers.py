"""Whole numbers and truth, as Go reckons and reads them."""

from confwatch.render.refused import Refused
from confwatch.render.sizes import MOST_ITEMS, check_operation, fits

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})


def add(left: int, right: int) -> int:
    """Return the sum."""
    return left + right


def sub(left: int, right: int) -> int:
    """Return the difference."""
    return left - right


def mul(left: int, right: int) -> int:
    """Return the product.

    Raises:
        Refused: it is a number of more than 4096 bits.
    """
    check_operation("*", left, right)
    return left * right


def div(left: int, right: int) -> int:
    """Divide, cut towards zero: -7 by 2 is -3.

    Raises:
        Refused: by zero.
    """
    if right == 0:
        raise Refused("division by zero")
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def mod(left: int, right: int) -> int:
    """Return the rest of ``div``; it has the sign of *left*.

    Raises:
        Refused: by zero.
    """
    return left - right * div(left, right)


def seq(first: int, last: int) -> range:
    """Count from *first* to *last*, both included; nothing where it is above.

    Raises:
        Refused: these are more than a million.
    """
    fits(last - first, MOST_ITEMS)
    return range(first, last + 1)


def atoi(text: str) -> int:
    """Read a whole decimal number.

    Raises:
        Refused: it is none.
    """
    digits = text.removeprefix("-") if text[:1] == "-" else text.removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()):
        raise Refused("atoi: invalid syntax")
    return int(text)


def parseBool(text: str) -> bool:
    """Read a truth as Go writes them.

    Raises:
        Refused: it is none.
    """
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise Refused("parseBool: invalid syntax")
