"""What we know of one store: a tree, changed in place by its events."""

import re
from collections.abc import Iterable, Iterator

from confwatch.mirror.globs import Glob
from confwatch.mirror.pair import Pair
from confwatch.model.events import Delta, Loaded, StoreEvent
from confwatch.model.keys import ROOT, Key, decoded, encoded, is_covered, outermost


class _Node:
    """One key or folder, or both.

    Its children are sorted by name when somebody asks, and anew only after a name
    came or went. The pair is kept until the value changes.
    """

    __slots__ = ("children", "cut", "kept", "key", "order", "value")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.value: str | None = None
        self.children: dict[str, _Node] | None = None
        self.order: list[_Node] | None = None
        self.kept: Pair | None = None
        self.cut = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is here or below."""
        return self.value is None and self.children is None

    def pair(self, value: str, cut: int) -> Pair:
        """Return the pair whose key lacks its first *cut* characters."""
        pair = self.kept
        if pair is None or self.cut != cut:
            pair = self.kept = Pair(self.key[cut:] or ROOT, value)
            self.cut = cut
        return pair

    def sorted(self) -> list["_Node"]:
        """Return the children by name, bytewise; not to be changed."""
        if self.order is None:
            children = self.children or {}
            names = sorted(children, key=None if _plain(children) else encoded)
            self.order = [children[name] for name in names]
        return self.order


class Mirror:
    """The covered part of one store, as of its last event.

    Attributes:
        store: the store's name.
        revision: of the last event; "" before it.
    """

    def __init__(self, store: str) -> None:
        self.store = store
        self.revision = ""
        self._covered: frozenset[Key] = frozenset()
        self._root = _Node(ROOT)
        self._nodes: dict[str, _Node] = {ROOT: self._root}
        self._count = 0

    @property
    def covered(self) -> frozenset[Key]:
        """The prefixes whose keys are all known, none below another."""
        return self._covered

    def covers(self, key: str) -> bool:
        """Tell whether absent means absent, and not just unknown."""
        return is_covered(key, self._covered)

    def count(self) -> int:
        """Return how many keys there are."""
        return self._count

    def has_keys(self, prefix: Key) -> bool:
        """Tell whether there is any key at *prefix* or below it."""
        node = self._nodes.get(prefix)
        return node is not None and not node.empty

    def apply(self, event: StoreEvent) -> Delta:
        """Take over an event and tell what it really changed.

        A Changed about keys that are not covered (any more) changes nothing.
        """
        if isinstance(event, Loaded):
            self._covered = outermost(self._covered | event.scope)
            known = {one.key for top in event.scope for one in self._leaves(top)}
            delta = self._change(event.entries.items(), known - event.entries.keys())
        else:
            told = [pair for pair in event.put.items() if self.covers(pair[0])]
            delta = self._change(told, event.gone - event.put.keys())
        self.revision = event.revision
        return delta

    def narrow(self, cover: frozenset[Key]) -> None:
        """Forget what is not below *cover*; what is new in it is not covered yet."""
        covered = outermost(
            [one for one in self._covered if is_covered(one, cover)]
            + [one for one in cover if is_covered(one, self._covered)]
        )
        if covered != self._covered:
            self._covered = covered
            for node in [*self._leaves(ROOT)]:
                if not self.covers(node.key):
                    self._remove(node.key)

    def value(self, key: str) -> str | None:
        """Return the value of a key as text; None where it has none."""
        node = self._nodes.get(key)
        return None if node is None else node.value

    def pair(self, key: str, cut: int) -> Pair | None:
        """Return a key and its value, the first *cut* characters of the key cut off."""
        node = self._nodes.get(key)
        if node is None or node.value is None:
            return None
        return node.pair(node.value, cut)

    def pairs(self, glob: Glob, cut: int) -> list[Pair]:
        """Return all pairs whose whole key matches, in the bytewise order of keys."""
        top = self._nodes.get(glob.head)
        if top is None:
            return []
        if glob.levels is None:
            found = [one for one in self._leaves(top.key) if glob.matches(one.key)]
        elif len(glob.levels) == 1:
            # Siblings are in order already: the common case is one plain loop.
            level = glob.levels[0]
            nodes = top.sorted()
            if level.pattern != "[^/]*":
                nodes = [one for one in nodes if level.fullmatch(_name(one.key))]
            return [
                one.kept
                if one.kept is not None and one.cut == cut
                else one.pair(one.value, cut)
                for one in nodes
                if one.value is not None
            ]
        else:
            found = _at_levels(top, glob.levels)
        found.sort(key=lambda one: encoded(one.key))
        return [one.pair(one.value, cut) for one in found if one.value is not None]

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        """Yield what is right below *folder*: name, is it a key, has it children."""
        node = self._nodes.get(folder)
        if node is not None and node.children is not None:
            for one in node.sorted():
                yield _name(one.key), one.value is not None, one.children is not None

    def _change(self, put: Iterable[tuple[Key, bytes]], gone: Iterable[Key]) -> Delta:
        """Bring changes in; an equal value changes nothing."""
        removed = {key for key in gone if self._remove(key)}
        changed, renamed = set(removed), set(removed)
        for key, raw in put:
            value = decoded(raw)
            node = self._nodes.get(key) or self._grow(key)
            if node.value == value:
                continue
            if node.value is None:
                self._count += 1
                renamed.add(key)
            node.value = value
            node.kept = None
            changed.add(key)
        return Delta(self.store, frozenset(changed), frozenset(renamed))

    def _grow(self, key: Key) -> _Node:
        """Make the node of a key, and the folders above it."""
        node = self._nodes[key] = _Node(key)
        if key != ROOT:
            above = Key(key[: key.rindex("/")] or ROOT)
            parent = self._nodes.get(above) or self._grow(above)
            if parent.children is None:
                parent.children = {}
            parent.children[_name(key)] = node
            parent.order = None
        return node

    def _remove(self, key: Key) -> bool:
        """Take a key out, and every folder that is empty then; False if it was not."""
        node = self._nodes.get(key)
        if node is None or node.value is None:
            return False
        node.value = node.kept = None
        self._count -= 1
        while node.key != ROOT and node.empty:
            del self._nodes[node.key]
            parent = self._nodes[node.key[: node.key.rindex("/")] or ROOT]
            if parent.children is not None:
                del parent.children[_name(node.key)]
                parent.children = parent.children or None
            parent.order = None
            node = parent
        return True

    def _leaves(self, prefix: Key) -> Iterator[_Node]:
        """Yield every key at or below *prefix*, in no order."""
        top = self._nodes.get(prefix)
        waiting = [] if top is None else [top]
        while waiting:
            node = waiting.pop()
            if node.value is not None:
                yield node
            if node.children is not None:
                waiting.extend(node.children.values())


def _at_levels(top: _Node, levels: tuple[re.Pattern[str], ...]) -> list[_Node]:
    """Walk down one level of folders for each expression."""
    nodes = [top]
    for level in levels:
        nodes = [
            child
            for node in nodes
            for name, child in (node.children or {}).items()
            if level.fullmatch(name)
        ]
    return nodes


def _name(key: str) -> str:
    """Return the last segment of a key."""
    return key[key.rindex("/") + 1 :]


def _plain(names: Iterable[str]) -> bool:
    """Tell whether the order of characters is that of their bytes."""
    return all(name.isascii() for name in names)
