"""TOML in, nodes out: a string becomes a text, everything else keeps its type.

Python's parser tells no lines, so they are looked for in the source: good enough for
files as people write them, None where nothing was found. Knows no field.
"""

import re
import tomllib
from collections.abc import Mapping

from msgspec import Struct

from confwatch.config.nodes import Bare, Entry, Fields, Items, Node, Text
from confwatch.errors import ConfigError

_WHERE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_HEADER = re.compile(r"\s*\[{1,2}([^\[\]=]+)\]")
_FIELD = re.compile(r"\s*([A-Za-z0-9_.\"' \t-]+?)\s*=")
_PART = re.compile(r"[\s\"']*\.[\s\"']*")
_INT64 = range(-(2**63), 2**63)


def read_toml(text: str, file: str) -> Fields:
    """Read the one table that a file is.

    Raises:
        ConfigError: not TOML, a number beyond its 64 bits, or nested too deeply;
            carries *file* and, where it is known, the line.
    """
    try:
        return _Builder(_lines(text)).table(tomllib.loads(text), "", None)
    except RecursionError:
        raise ConfigError(file, None, "", "is nested too deeply") from None
    except ValueError as error:
        # Also int's own, for a number of thousands of digits.
        raise _refused(error, file) from error


def _refused(error: ValueError, file: str) -> ConfigError:
    """Return what the parser said, its line moved to where ours stand."""
    found = _WHERE.search(str(error))
    line = getattr(error, "lineno", None)
    if line is None and found and found[1]:
        line = int(found[1])
    told = _WHERE.sub("" if line else " at the end of the file", str(error))
    return ConfigError(file, line, "", f"is not TOML: {told}")


def _lines(text: str) -> Mapping[str, int]:
    """Return where each dotted name is first written at the start of a line."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            table = _dotted(header[1])
            found.setdefault(table, number)
        elif field := _FIELD.match(line):
            found.setdefault(_below(table, _dotted(field[1])), number)
    return found


def _dotted(written: str) -> str:
    return _PART.sub(".", written.strip(" \t\"'"))


def _below(table: str, name: str) -> str:
    return f"{table}.{name}" if table else name


class _Builder(Struct, frozen=True):
    """Makes nodes, with the lines that were found."""

    lines: Mapping[str, int]

    def table(self, value: Mapping[str, object], path: str, line: int | None) -> Fields:
        """Return a table as a mapping; what has no line of its own has its table's."""
        entries: dict[str, Entry] = {}
        for name, one in value.items():
            inner = _below(path, name)
            at = self.lines.get(inner, line)
            entries[name] = Entry(at, self._node(one, inner, at))
        return Fields(line, entries)

    def _node(self, value: object, path: str, line: int | None) -> Node:
        match value:
            case str():
                return Text(line, value)
            case list():
                items = tuple(self._node(one, path, line) for one in value)
                return Items(line, items)
            case dict():
                return self.table(value, path, line)
            case int() if value not in _INT64:
                raise ValueError(f"the number of {path} is beyond 64 bits")
            case _:
                return Bare(line, value)
