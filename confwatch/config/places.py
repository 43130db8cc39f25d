"""Where a value stands, and the problems found there.

A reader that meets a problem tells its place and raises ``Told``; whoever reads a
mapping goes on with the next field, so that one reading finds all there is to mend.
Floors above never see any of this.
"""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from confwatch.config.nodes import Bare, Fields, Items, Node, Nothing, Text
from confwatch.errors import ConfigError

_MAX_SHOWN = 60


class Told(Exception):
    """A value cannot be made; the place has been told why."""


@dataclass(slots=True)
class Findings:
    """What one reading found.

    Attributes:
        problems: what makes the file unusable.
        warnings: what works, though perhaps not as meant.
    """

    problems: list[ConfigError] = field(default_factory=list)
    warnings: list[ConfigError] = field(default_factory=list)


class Place(Struct, frozen=True):
    """One field of one file.

    Attributes:
        file: as the operator would name it; "" for flags and environment.
        findings: shared by all places of one reading.
        field: dotted path; "" for the whole file.
        line: of the value; None where none is known.
    """

    file: str
    findings: Findings
    field: str = ""
    line: int | None = None

    def at(self, name: str, line: int | None) -> "Place":
        """Return the place of the field *name* of this mapping."""
        path = f"{self.field}.{name}" if self.field else name
        return replace(self, field=path, line=line)

    def item(self, index: int, line: int | None) -> "Place":
        """Return the place of one item of this list, counted from 0."""
        return replace(self, field=f"{self.field}[{index}]", line=line)

    def refuse(self, problem: str) -> Told:
        """Note a problem; return what the caller raises."""
        self.findings.problems.append(self._error(problem))
        return Told()

    def warn(self, problem: str) -> None:
        """Note something that works, though perhaps not as meant."""
        self.findings.warnings.append(self._error(problem))

    def _error(self, problem: str) -> ConfigError:
        return ConfigError(self.file, self.line, self.field, problem)


def nearest(name: str, known: Iterable[str], *, before: str = "") -> str:
    """Ask for the closest known name, as in ``; did you mean "reload"?``; else "".

    What all names begin with says nothing about closeness: it is given as *before*.
    """
    by_lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return f'; did you mean "{before}{by_lower[close[0]]}"?' if close else ""


def described(node: Node) -> str:
    """Say what was found: ``"5 sec"``, or what kind of thing it is."""
    match node:
        case Text():
            return quoted(node.text)
        case Nothing():
            return "nothing"
        case Bare():
            return str(node.value).lower()
        case Items():
            return "a list"
        case Fields():
            return "a mapping"


def quoted(text: str) -> str:
    """Put *text* between quotes, on one line and not longer than a message bears."""
    shown = text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."
    return json.dumps(shown, ensure_ascii=False)


T = TypeVar("T")


class Placed(Struct, Generic[T], frozen=True):
    """A value and where it stands, for what can only be judged with other values."""

    value: T
    place: Place
