"""The time, printed as Go prints it and formatted by Go's layouts."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime as _datetime

_NOON = 12
_LAYOUT = re.compile(
    r"January|Jan|Monday|Mon|2006|MST|-0700|-07:00|Z07:00|\.0+|\.9+|15|01|02|03|04|05"
    r"|06|PM|pm|_2|[12345]"
)


def _zone(moment: _datetime) -> str:
    return moment.strftime("%z")


def _zone_colon(moment: _datetime) -> str:
    zone = _zone(moment)
    return f"{zone[:3]}:{zone[3:]}"


_WRITTEN: Mapping[str, Callable[[_datetime], str]] = {
    "January": lambda t: t.strftime("%B"),
    "Jan": lambda t: t.strftime("%b"),
    "Monday": lambda t: t.strftime("%A"),
    "Mon": lambda t: t.strftime("%a"),
    "2006": lambda t: f"{t.year:04}",
    "06": lambda t: f"{t.year % 100:02}",
    "01": lambda t: f"{t.month:02}",
    "1": lambda t: f"{t.month}",
    "02": lambda t: f"{t.day:02}",
    "_2": lambda t: f"{t.day:2}",
    "2": lambda t: f"{t.day}",
    "15": lambda t: f"{t.hour:02}",
    "03": lambda t: f"{t.hour % 12 or 12:02}",
    "3": lambda t: f"{t.hour % 12 or 12}",
    "04": lambda t: f"{t.minute:02}",
    "4": lambda t: f"{t.minute}",
    "05": lambda t: f"{t.second:02}",
    "5": lambda t: f"{t.second}",
    "PM": lambda t: "AM" if t.hour < _NOON else "PM",
    "pm": lambda t: "am" if t.hour < _NOON else "pm",
    "MST": lambda t: t.strftime("%Z"),
    "-0700": _zone,
    "-07:00": _zone_colon,
    "Z07:00": lambda t: "Z" if not t.utcoffset() else _zone_colon(t),
}


class GoTime:
    """A moment as Go templates have it.

    Source: https://pkg.go.dev/time#pkg-constants
    """

    __slots__ = ("_moment",)

    def __init__(self, moment: _datetime) -> None:
        self._moment = moment

    def Format(self, layout: str) -> str:
        """Write the moment the way Go's reference moment is written in *layout*."""
        return _LAYOUT.sub(self._written, layout)

    def Unix(self) -> int:
        """Return seconds since the epoch."""
        return int(self._moment.timestamp())

    def __str__(self) -> str:
        return self.Format("2006-01-02 15:04:05.999999999 -0700 MST")

    def _written(self, found: re.Match[str]) -> str:
        word = found[0]
        if word[0] != ".":
            return _WRITTEN[word](self._moment)
        digits = f"{self._moment.microsecond * 1000:09}"[: len(word) - 1]
        if word[1] == "9":
            digits = digits.rstrip("0")
        return f".{digits}" if digits else ""


def datetime() -> GoTime:
    """Return the time now; what prints it differs at every pass."""
    return GoTime(_datetime.now().astimezone())
