"""What we know of one store: a tree, changed in place by its events."""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import chain

from confwatch.mirror.globs import Glob
from confwatch.mirror.listing import Chunk, chunked
from confwatch.mirror.node import Node, above, name_of
from confwatch.mirror.pair import Pair
from confwatch.model.events import Delta, Loaded, StoreEvent
from confwatch.model.keys import ROOT, Key, decoded, encoded, is_covered, outermost

FEW = 256
"""Changes at once that are sorted in one by one; after more, all is sorted anew."""


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
        self._root = Node(ROOT)
        self._nodes: dict[str, Node] = {ROOT: self._root}
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
            delta = self._change([*event.entries.items()], known - event.entries.keys())
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
                    self._remove(node.key, few=False)
            for node in self._nodes.values():
                node.listings = None

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
        return [*chain.from_iterable(self.chunks(glob, cut))]

    def chunks(self, glob: Glob, cut: int) -> Sequence[Chunk]:
        """Return what ``pairs`` does, in chunks; not to be kept.

        Of a plain loop over siblings, a chunk in which nothing changed is the same
        object as before.
        """
        top = self._nodes.get(glob.head)
        if top is None:
            return []
        # Siblings are in order already, whole or cut by what they have in common.
        if glob.levels is not None and len(glob.levels) == 1 and cut <= len(top.key):
            level, chunks = glob.levels[0], top.listing(cut).chunks
            if level.pattern == "[^/]*":
                return chunks
            picked = (
                tuple(one for one in chunk if level.fullmatch(name_of(one.key)))
                for chunk in chunks
            )
            return [one for one in picked if one]
        if glob.levels is None:
            found = [one for one in self._leaves(top.key) if glob.matches(one.key)]
        else:
            found = _at_levels(top, glob.levels)
        found.sort(key=lambda one: encoded(one.key))
        return chunked(
            one.pair(one.value, cut) for one in found if one.value is not None
        )

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        """Yield what is right below *folder*: name, is it a key, has it children."""
        node = self._nodes.get(folder)
        if node is not None and node.children is not None:
            for one in node.sorted():
                yield name_of(one.key), one.value is not None, one.children is not None

    def _change(
        self, put: Collection[tuple[Key, bytes]], gone: Collection[Key]
    ) -> Delta:
        """Bring changes in; an equal value changes nothing."""
        few = len(put) + len(gone) <= FEW
        removed = {key for key in gone if self._remove(key, few=few)}
        changed, renamed = set(removed), set(removed)
        for key, raw in put:
            value = decoded(raw)
            node = self._nodes.get(key) or self._grow(key, few=few)
            if node.value == value:
                continue
            if node.value is None:
                self._count += 1
                renamed.add(key)
            node.value = value
            node.kept = None
            changed.add(key)
        for key in changed - {ROOT}:
            folder = self._nodes.get(above(key))
            if folder is not None and folder.listings:
                folder.relist(key, self._nodes.get(key), few=few)
        return Delta(self.store, frozenset(changed), frozenset(renamed))

    def _grow(self, key: Key, *, few: bool) -> Node:
        """Make the node of a key, and the folders above it."""
        node = self._nodes[key] = Node(key)
        if key != ROOT:
            folder = above(key)
            parent = self._nodes.get(folder) or self._grow(folder, few=few)
            parent.adopt(node, few=few)
        return node

    def _remove(self, key: Key, *, few: bool) -> bool:
        """Take a key out, and every folder that is empty then; False if it was not."""
        node = self._nodes.get(key)
        if node is None or node.value is None:
            return False
        node.value = node.kept = None
        self._count -= 1
        while node.key != ROOT and node.empty:
            del self._nodes[node.key]
            parent = self._nodes[above(node.key)]
            parent.drop(node, few=few)
            node = parent
        return True

    def _leaves(self, prefix: Key) -> Iterator[Node]:
        """Yield every key at or below *prefix*, in no order."""
        top = self._nodes.get(prefix)
        waiting = [] if top is None else [top]
        while waiting:
            node = waiting.pop()
            if node.value is not None:
                yield node
            if node.children is not None:
                waiting.extend(node.children.values())


def _at_levels(top: Node, levels: tuple[re.Pattern[str], ...]) -> list[Node]:
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
