"""YAML in, nodes out: every scalar stays text and keeps its line.

Works on libyaml's events, with no tag resolved and no object made, so that neither
depth, nor size, nor an alias can cost more than the bounds below. Knows no field.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from confwatch.config.nodes import Entry, Fields, Items, Node, Nothing, Text
from confwatch.errors import ConfigError

MAX_DEPTH = 40
"""Levels of nesting; ours need six."""
MAX_NODES = 50_000
"""Values a file may hold once its aliases are expanded."""

_NULLS = frozenset({"~", "null", "Null", "NULL"})
_UNPRINTABLE = re.compile(
    "[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def read_yaml(text: str, file: str) -> Node:
    """Read the one document in *text*; an empty one is ``Nothing``.

    Raises:
        ConfigError: not YAML, a name twice in one mapping, or over a bound; carries
            *file* and the line.
    """
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        line = text.count("\n", 0, bad.start()) + 1
        problem = f"character U+{ord(bad[0]):04X} cannot stand in YAML"
        raise ConfigError(file, line, "", problem)
    return _Builder(file).build(_events(text, file))


def _events(text: str, file: str) -> Iterator[yaml.Event]:
    """Yield libyaml's events; its complaints become ours."""
    try:
        yield from yaml.parse(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise ConfigError(file, line, "", _told(error, text, line)) from error


def _told(error: yaml.MarkedYAMLError, text: str, line: int | None) -> str:
    """Say what libyaml found wrong; by far the most common cause is a tab."""
    written = text.split("\n")[(line or 1) - 1 :][:1]
    if "cannot start any token" in str(error.problem) and "\t" in "".join(written):
        return "expected spaces: YAML cannot be indented with tabs"
    return ", ".join(part for part in (error.problem, error.context) if part)


def _line(event: yaml.Event) -> int:
    """Return the line where *event* begins, from 1."""
    return 1 if event.start_mark is None else event.start_mark.line + 1


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet.

    Attributes:
        nodes_before: how many values came before it, to know its size at its end.
        items: what a list holds so far; None for a mapping.
        key: the name whose value comes next.
        merging: whether that name is a plain ``<<``.
        merge_line: where the first plain ``<<`` stands.
    """

    line: int
    anchor: str | None
    nodes_before: int
    items: list[Node] | None
    entries: dict[str, Entry] = field(default_factory=dict)
    merged: list[Node] = field(default_factory=list)
    key: Text | None = None
    merging: bool = False
    merge_line: int | None = None


class _Builder:
    """Turns one document's events into one node, with a stack of its own."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._open: list[_Open] = []
        self._anchors: dict[str | None, tuple[Node, int] | None] = {}
        self._count = 0
        self._root: Node | None = None

    def build(self, events: Iterator[yaml.Event]) -> Node:
        """Walk all events; the bounds are kept at every one of them."""
        for event in events:
            line = _line(event)
            match event:
                case yaml.DocumentStartEvent() if self._root is not None:
                    raise self._error(line, "expected one document, found a second")
                case yaml.AliasEvent():
                    self._place(self._aliased(event.anchor, line), line)
                case yaml.ScalarEvent() | yaml.CollectionStartEvent():
                    self._begin(event, line)
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._end()
                case _:
                    pass
        return Nothing(1, spelled=False) if self._root is None else self._root

    def _begin(
        self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, line: int
    ) -> None:
        """Take up a text, or the beginning of a list or mapping."""
        if event.tag is not None:
            raise self._error(line, f"tags such as {event.tag} have no meaning here")
        before = self._count
        self._add(1, line)
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
            return
        if len(self._open) == MAX_DEPTH:
            raise self._error(line, f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        items: list[Node] | None = None
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
        self._open.append(_Open(line, event.anchor, before, items))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        """Take a text as a name or a value, or as a plain spelling of no value."""
        plain = event.implicit[0]
        if "\0" in event.value:
            raise self._error(line, "a NUL character cannot be used")
        node: Node = Text(line, event.value)
        parent = self._open[-1] if self._open else None
        naming = parent is not None and parent.items is None and parent.key is None
        if not naming and plain and (not event.value or event.value in _NULLS):
            node = Nothing(line, spelled=bool(event.value))
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, 1)
        self._place(node, line, merge=plain)

    def _place(self, node: Node, line: int, *, merge: bool = False) -> None:
        """Put a finished node where it belongs; *merge*: a name may mean ``<<``."""
        parent = self._open[-1] if self._open else None
        if parent is None:
            self._root = node
        elif parent.items is not None:
            parent.items.append(node)
        elif parent.key is None:
            if not isinstance(node, Text):
                raise self._error(line, "expected a text as the name before a colon")
            self._name(parent, node, line, merge=merge and node.text == "<<")
        elif parent.merging:
            parent.merged.extend(node.items if isinstance(node, Items) else [node])
            parent.key = None
        else:
            parent.entries[parent.key.text] = Entry(parent.key.line, node)
            parent.key = None

    def _name(self, parent: _Open, key: Text, line: int, *, merge: bool) -> None:
        """Take up a name of a mapping; the same one twice is refused."""
        before = parent.entries.get(key.text)
        first = parent.merge_line if merge else before.line if before else None
        if first is not None:
            raise self._error(line, f"{key.text!r} stands already in line {first}")
        parent.key, parent.merging = Text(line, key.text), merge
        if merge:
            parent.merge_line = line

    def _end(self) -> None:
        """Close the innermost list or mapping and place it."""
        done = self._open.pop()
        node: Node
        if done.items is not None:
            node = Items(done.line, tuple(done.items))
        else:
            self._merge(done)
            node = Fields(done.line, done.entries)
        if done.anchor is not None:
            self._anchors[done.anchor] = (node, self._count - done.nodes_before)
        self._place(node, done.line)

    def _merge(self, done: _Open) -> None:
        """Add what ``<<`` brings in: what stands here wins, then the earlier one."""
        for node in done.merged:
            if not isinstance(node, Fields):
                raise self._error(done.merge_line, "<< expects a mapping")
            for name, entry in node.entries.items():
                done.entries.setdefault(name, entry)

    def _aliased(self, anchor: str | None, line: int) -> Node:
        """Return what ``*anchor`` stands for, counted as if it were written out."""
        if anchor not in self._anchors:
            raise self._error(line, f"*{anchor} has no &{anchor} before it")
        known = self._anchors[anchor]
        if known is None:
            raise self._error(line, f"*{anchor} stands inside its own &{anchor}")
        self._add(known[1], line)
        return known[0]

    def _add(self, count: int, line: int) -> None:
        self._count += count
        if self._count > MAX_NODES:
            raise self._error(line, f"more than {MAX_NODES} values")

    def _error(self, line: int | None, problem: str) -> ConfigError:
        return ConfigError(self._file, line, "", problem)
