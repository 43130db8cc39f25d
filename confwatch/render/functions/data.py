"""JSON in, mappings and lists out."""

import json as _json
from typing import Any, NoReturn

from confwatch.render.refused import Refused


def json(text: str) -> dict[str, Any]:
    """Read a JSON object, its names sorted at every level, as Go walks them.

    Raises:
        Refused: no JSON, or no object.
    """
    value = _read(text)
    if not isinstance(value, dict):
        raise Refused("json: expected an object; for a list take jsonArray")
    return value


def jsonArray(text: str) -> list[Any]:
    """Read a JSON list.

    Raises:
        Refused: no JSON, or no list.
    """
    value = _read(text)
    if not isinstance(value, list):
        raise Refused("jsonArray: expected a list; for an object take json")
    return value


def _read(text: str) -> object:
    if not text.strip():
        raise Refused("unexpected end of JSON input")
    try:
        return _json.loads(
            text, object_pairs_hook=_in_order, parse_constant=_not_a_number
        )
    except _json.JSONDecodeError as error:
        place = f"line {error.lineno} column {error.colno}"
        raise Refused(f"invalid JSON: {error.msg} at {place}") from error
    except RecursionError as error:
        raise Refused("invalid JSON: nested too deep") from error


def _in_order(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(sorted(dict(pairs).items()))


def _not_a_number(name: str) -> NoReturn:
    raise Refused(f"invalid JSON: {name}")
