"""Go's ``printf``, as far as configuration files use it."""

import json
import re

from confwatch.render.refused import Refused
from confwatch.render.sizes import check_layout

_VERB = re.compile(r"%(?P<flags>[-+ 0#]*)(?P<width>\d*)(?P<digits>\.\d+)?(?P<verb>.)")
_NUMBERS = {"d": int, "x": int, "X": int, "o": int, "f": float, "e": float, "g": float}


def printf(layout: str, *things: object) -> str:
    """Format like Go: ``%s %d %v %q %t %x %f`` with flags, width and precision.

    Raises:
        Refused: a verb without its thing, a thing too many, or of the wrong kind.
    """
    check_layout(layout, things)
    waiting = list(things)

    def written(found: re.Match[str]) -> str:
        if found["verb"] == "%":
            return "%"
        if not waiting:
            raise Refused(f"printf: nothing for {found[0]}")
        return _written(found, waiting.pop(0))

    text = _VERB.sub(written, layout)
    if waiting:
        raise Refused(f"printf: {len(waiting)} more than the layout takes")
    return text


def _written(found: re.Match[str], thing: object) -> str:
    """Write one thing by one verb."""
    verb, how = found["verb"], "".join(found.group("flags", "width"))
    if verb in _NUMBERS:
        kind = int if _NUMBERS[verb] is int else (int, float)
        if isinstance(thing, bool) or not isinstance(thing, kind):
            raise Refused(f"printf: {found[0]} takes a number")
        return f"%{how}{found['digits'] or ''}{verb}" % thing
    if verb == "t" and isinstance(thing, bool):
        thing = str(thing).lower()
    elif verb == "q" and isinstance(thing, str):
        thing = json.dumps(thing, ensure_ascii=False)
    elif verb == "v" and isinstance(thing, bool):
        thing = str(thing).lower()
    elif verb not in "sv" or not isinstance(thing, str | int | float):
        raise Refused(f"printf: {found[0]} cannot write this")
    return f"%{how}{found['digits'] or ''}s" % thing
