"""What may stand between ``{{`` and ``}}``."""

from collections.abc import Mapping

from jinja2 import Undefined

from confwatch.mirror.pair import Pair
from confwatch.model.instance import Instance
from confwatch.render.functions.times import GoTime
from confwatch.render.refused import Refused

_WITH_FIELDS = {
    Pair: "a pair: print its .key or its .value",
    Instance: "a service: print its .address, .port or .endpoint",
}


def printed(thing: object) -> str:
    """Return how a value is printed.

    Raises:
        Refused: it has no one right text, so it is most likely not what was meant.
    """
    if isinstance(thing, bool):
        return "true" if thing else "false"
    # An undefined one says by itself what is missing.
    if isinstance(thing, str | int | float | GoTime | Undefined):
        return str(thing)
    raise Refused(f"cannot print {_kind(thing)}")


def _kind(thing: object) -> str:
    """Say what a thing is, and never what is in it."""
    if thing is None:
        return "None"
    if isinstance(thing, Pair | Instance):
        return _WITH_FIELDS[type(thing)]
    if isinstance(thing, Mapping):
        return "a mapping"
    if callable(thing):
        return "a function: it is not called"
    return "a list" if isinstance(thing, list | tuple | range) else "this"
