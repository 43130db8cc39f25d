"""Who reads this key? Answered by the key's depth, not by the number of resources."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TypeVar

from confwatch.mirror.globs import Glob, glob
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
        self._keys: defaultdict[str, defaultdict[Key, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )
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
            self._keys[ref.store][ref.key].add(resource)
        for ref in reads.folders:
            self._folders[ref].add(resource)
        for path in reads.files:
            self._files[path].add(resource)
        for ref in reads.globs:
            found = glob(ref.key)
            patterns = self._globs[Ref(ref.store, found.head)]
            patterns.setdefault(ref.key, (found, set()))[1].add(resource)

    def forget(self, resource: str) -> None:
        """Drop what is known of one resource."""
        reads = self._of.pop(resource, Reads())
        for ref in reads.keys:
            _drop(self._keys[ref.store], ref.key, resource)
        for ref in reads.folders:
            _drop(self._folders, ref, resource)
        for path in reads.files:
            _drop(self._files, path, resource)
        for ref in reads.globs:
            head = Ref(ref.store, glob(ref.key).head)
            readers = self._globs[head][ref.key][1]
            readers.discard(resource)
            if not readers:
                del self._globs[head][ref.key]
            if not self._globs[head]:
                del self._globs[head]

    def reads(self, resource: str) -> Reads:
        """Return what is known of one resource."""
        return self._of.get(resource, Reads())

    def touched_by(self, delta: Delta) -> dict[str, set[Key]]:
        """Tell who must render again, and for which keys.

        A whole picture may be a hundred thousand keys: what is asked of a folder is
        asked once for all keys in it.
        """
        touched: defaultdict[str, set[Key]] = defaultdict(set)
        for key in self._keys[delta.store].keys() & delta.changed:
            for resource in self._keys[delta.store][key]:
                touched[resource].add(key)
        for folder, keys in _by_folder(delta.changed).items():
            for above in _upwards(delta.store, folder):
                for pattern, readers in self._globs.get(above, {}).values():
                    matched = pattern.among(folder, keys)
                    for resource in readers if matched else ():
                        touched[resource].update(matched)
        for key, resource in self._listed(delta):
            touched[resource].add(key)
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

    def _listed(self, delta: Delta) -> Iterator[tuple[Key, str]]:
        """Yield the keys that came or went, each with whoever lists a folder above."""
        if self._folders:
            for key in delta.renamed:
                for above in _upwards(delta.store, key):
                    for resource in self._folders.get(above, ()):
                        yield key, resource


def _by_folder(keys: Iterable[Key]) -> dict[Key, list[Key]]:
    """Sort keys by the folder they are in; the root is in itself."""
    found: defaultdict[Key, list[Key]] = defaultdict(list)
    for key in keys:
        found[Key(key[: key.rindex("/")] or ROOT)].append(key)
    return found


def _upwards(store: str, key: Key) -> Iterator[Ref]:
    """Yield the key itself and every folder above it, the root last."""
    while key != ROOT:
        yield Ref(store, key)
        key = Key(key[: key.rindex("/")] or ROOT)
    yield Ref(store, ROOT)


def _drop(index: dict[K, set[str]], where: K, resource: str) -> None:
    """Take a resource out of one place, and the place out once it is empty."""
    index[where].discard(resource)
    if not index[where]:
        del index[where]
