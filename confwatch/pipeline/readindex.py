"""Who reads this key? Answered by the key's depth, not by the number of resources."""

from collections import defaultdict
from collections.abc import Iterator
from typing import TypeVar

from confwatch.mirror.globs import Glob
from confwatch.model.events import Delta
from confwatch.model.keys import ROOT, Key, Ref
from confwatch.model.reads import Name, Reads

K = TypeVar("K")


class ReadIndex:
    """What every resource read in its last renders, turned around.

    Attributes:
        file_sets: how often a resource came to read other files than before.
    """

    def __init__(self) -> None:
        self.file_sets = 0
        self._of: dict[str, Reads] = {}
        self._keys: defaultdict[Ref, set[str]] = defaultdict(set)
        self._globs: defaultdict[Ref, dict[Key, tuple[Glob, set[str]]]] = defaultdict(
            dict
        )
        self._folders: defaultdict[Ref, set[str]] = defaultdict(set)
        self._files: defaultdict[str, set[str]] = defaultdict(set)

    def replace(self, resource: str, reads: Reads) -> None:
        """Replace what is known of one resource."""
        if self._of.get(resource) == reads:
            return
        self.file_sets += self.reads(resource).files != reads.files
        self.forget(resource)
        self._of[resource] = reads
        for ref in reads.keys:
            self._keys[ref].add(resource)
        for ref in reads.folders:
            self._folders[ref].add(resource)
        for path in reads.files:
            self._files[path].add(resource)
        for ref in reads.globs:
            glob = Glob(ref.key)
            patterns = self._globs[Ref(ref.store, glob.head)]
            patterns.setdefault(ref.key, (glob, set()))[1].add(resource)

    def forget(self, resource: str) -> None:
        """Drop what is known of one resource."""
        reads = self._of.pop(resource, Reads())
        for ref in reads.keys:
            _drop(self._keys, ref, resource)
        for ref in reads.folders:
            _drop(self._folders, ref, resource)
        for path in reads.files:
            _drop(self._files, path, resource)
        for ref in reads.globs:
            head = Ref(ref.store, Glob(ref.key).head)
            readers = self._globs[head][ref.key][1]
            readers.discard(resource)
            if not readers:
                del self._globs[head][ref.key]
            if not self._globs[head]:
                del self._globs[head]

    def reads(self, resource: str) -> Reads:
        """Return what is known of one resource."""
        return self._of.get(resource, Reads())

    def touched_by(self, delta: Delta) -> dict[str, list[Key]]:
        """Tell who must render again, and for which keys."""
        touched: defaultdict[str, list[Key]] = defaultdict(list)
        for key in delta.changed:
            for resource in self._readers(
                Ref(delta.store, key), named=key in delta.renamed
            ):
                touched[resource].append(key)
        return touched

    def touched_by_file(self, path: str) -> frozenset[str]:
        """Tell who read this file."""
        return frozenset(self._files.get(path, ()))

    def files(self) -> frozenset[str]:
        """Return every file that anybody read."""
        return frozenset(self._files)

    def touched_by_name(self, name: Name) -> list[str]:
        """Tell who looked this name up."""
        return [one for one, reads in self._of.items() if name in reads.names]

    def names(self) -> frozenset[Name]:
        """Return every name that anybody looked up."""
        return frozenset().union(*(reads.names for reads in self._of.values()))

    def _readers(self, ref: Ref, *, named: bool) -> set[str]:
        """Collect the readers of one key: exact, by glob, and of its listing."""
        found = set(self._keys.get(ref, ()))
        for folder in _upwards(ref.key):
            above = Ref(ref.store, folder)
            for glob, readers in self._globs.get(above, {}).values():
                if glob.matches(ref.key):
                    found |= readers
            if named:
                found |= self._folders.get(above, set())
        return found


def _upwards(key: Key) -> Iterator[Key]:
    """Yield the key itself and every folder above it, the root last."""
    while key != ROOT:
        yield key
        key = Key(key[: key.rindex("/")] or "/")
    yield ROOT


def _drop(index: dict[K, set[str]], where: K, resource: str) -> None:
    """Take a resource out of one place, and the place out once it is empty."""
    index[where].discard(resource)
    if not index[where]:
        del index[where]
