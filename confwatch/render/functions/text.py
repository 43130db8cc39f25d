"""Text: cases, parts, replacements, encodings."""

import base64
import binascii
from collections.abc import Iterable

from confwatch.model.keys import decoded, encoded
from confwatch.render.refused import Refused
from confwatch.render.sizes import check_replaced, joined


def split(text: str, separator: str) -> list[str]:
    """Cut *text* at *separator*; an empty one cuts it into characters."""
    return text.split(separator) if separator else list(text)


def join(items: Iterable[str], separator: str) -> str:
    """Join texts, and only texts.

    Raises:
        Refused: one of them is no text, or they are too long together.
    """
    parts = joined(items, separator)
    if not all(isinstance(one, str) for one in parts):
        raise Refused("join takes a list of texts")
    return separator.join(parts)


def toUpper(text: str) -> str:
    """Return upper case, letter by letter: ``ß`` stays, it has no one letter."""
    return "".join(u if len(u := char.upper()) == 1 else char for char in text)


def toLower(text: str) -> str:
    """Return lower case, letter by letter."""
    return "".join(low if len(low := char.lower()) == 1 else char for char in text)


def contains(text: str, part: str) -> bool:
    """Tell whether *part* is in *text*; the empty one always is."""
    return part in text


def replace(text: str, old: str, new: str, count: int) -> str:
    """Replace the first *count* times; all where it is below zero.

    Raises:
        Refused: that would be too long.
    """
    check_replaced(text, old, new)
    return text.replace(old, new, count)


def trimSuffix(text: str, suffix: str) -> str:
    """Cut *suffix* off once, where it is there."""
    return text.removesuffix(suffix)


def base64Encode(text: str) -> str:
    """Encode the text's original bytes, standard alphabet, padded."""
    return base64.b64encode(encoded(text)).decode("ascii")


def base64Decode(text: str) -> str:
    """Decode; line breaks are skipped, anything else foreign is refused.

    Raises:
        Refused: not base64.
    """
    try:
        plain = text.replace("\r", "").replace("\n", "")
        return decoded(base64.b64decode(encoded(plain), validate=True))
    except binascii.Error as error:
        raise Refused("illegal base64 data") from error
