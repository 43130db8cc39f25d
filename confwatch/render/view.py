"""The store functions of templates: confd's names and meanings, reads noted.

Keys have the resource's prefix cut off and begin with ``/``. What a store does not
cover yet is noted and answered with something empty, so that one render finds many
such keys; its result is thrown away.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from confwatch.mirror.globs import escaped, glob
from confwatch.mirror.listing import Chunk
from confwatch.mirror.mirror import Mirror
from confwatch.mirror.pair import Pair
from confwatch.model.keys import ROOT, Key, Ref, encoded, is_below
from confwatch.model.resource import Resource
from confwatch.render.reads import Recorder
from confwatch.render.refused import Refused


@dataclass(slots=True)
class Scene:
    """What the store functions look at in the render under way.

    Attributes:
        resource: whose templates are rendered.
        mirrors: by store.
        recorder: notes what is looked at.
    """

    resource: Resource
    mirrors: Mapping[str, Mirror]
    recorder: Recorder


class StoreFunctions:
    """exists, get, getv, gets, getvs, ls and lsdir over the scene of the moment.

    A key of another store than the resource's own is ``name:/path``.
    """

    def __init__(self) -> None:
        self._mirrors: Mapping[str, Mirror] = {}
        self._store = ""
        self._prefix = ""
        self._recorder = Recorder()
        self._only: frozenset[Ref] | None = None

    def look_at(self, scene: Scene) -> None:
        """Answer from *scene* from now on."""
        resource = scene.resource
        self._store = resource.store
        self._mirrors = scene.mirrors
        # "" for the root: then it can simply be put before a key.
        self._prefix = "" if resource.prefix == ROOT else resource.prefix
        self._recorder = scene.recorder
        self._only = resource.cover if resource.only_keys else None

    def exists(self, key: str) -> bool:
        """Tell whether there is a key of just this name; a folder is none."""
        return self._pair(key) is not None

    def get(self, key: str) -> Pair:
        """Return a key and its value.

        Raises:
            Refused: there is no such key.
        """
        pair = self._pair(key)
        if pair is None:
            if self._awaited(key):
                return Pair(key, "")
            raise Refused(f"key does not exist: {key}")
        return pair

    def getv(self, key: str, *default: object) -> object:
        """Return a key's value, or the first default where it does not exist.

        Raises:
            Refused: there is no such key and no default.
        """
        pair = self._pair(key)
        if pair is not None:
            return pair.value
        if default:
            return default[0]
        return self.get(key).value

    def gets(self, pattern: str) -> list[Pair]:
        """Return all pairs whose whole key matches, sorted by key.

        Raises:
            Refused: the pattern is none.
        """
        return [*chain.from_iterable(self.chunks(pattern)[1])]

    def chunks(self, pattern: str) -> tuple[Ref, Sequence[Chunk]]:
        """Return what ``gets`` does, in the mirror's chunks, and what was asked for.

        Raises:
            Refused: the pattern is none.
        """
        store, plain = self.meant(pattern)
        whole = escaped(self._prefix) + plain if self._prefix else plain
        asked = Ref(store, Key(whole))
        if not plain.startswith(("/", "[")):
            return asked, ()  # every key begins with a slash, which no star matches
        mirror = self._mirrors[store]
        try:
            found = glob(whole)
        except ValueError as error:
            # confd finds out while matching, so never over an empty store.
            if not mirror.count():
                return asked, ()
            raise Refused(f"{error}: {pattern}") from error
        self._recorder.globs.add(asked)
        head = found.head
        if self._only is None and not mirror.covers(head):
            self._recorder.missed(store, head)
        chunks = mirror.chunks(found, len(self._prefix))
        if self._allowed(store, head):
            return asked, chunks
        seen = (
            tuple(one for one in chunk if self._allowed(store, self._prefix + one.key))
            for chunk in chunks
        )
        return asked, [chunk for chunk in seen if chunk]

    def getvs(self, pattern: str) -> list[str]:
        """Return the values of ``gets``, sorted by themselves, bytewise."""
        return sorted((one.value for one in self.gets(pattern)), key=encoded)

    def ls(self, path: str) -> list[str]:
        """Return the names right below *path*, sorted.

        Of a key that is no folder, its own name; of ``/`` only keys, as confd does.
        """
        store, plain = self.meant(path)
        if plain == ROOT:
            return [name for name, is_key, _ in self._below(store, ROOT) if is_key]
        names = [name for name, _, _ in self._below(store, plain)]
        if not plain.endswith("/") and self._pair(path) is not None:
            names = sorted({*names, plain[plain.rindex("/") + 1 :]}, key=encoded)
        return names

    def lsdir(self, path: str) -> list[str]:
        """Return the names right below *path* that have children; of ``/`` none."""
        store, plain = self.meant(path)
        if plain == ROOT:
            return []
        return [name for name, _, is_folder in self._below(store, plain) if is_folder]

    def right_below(self, store: str, folder: Key) -> Iterator[tuple[Key, str]]:
        """Yield the keys right below *folder* and their values, sorted by key.

        No prefix stands before *folder*: it is where it is for every resource.
        """
        mirror = self._mirrors[store]
        self._recorder.globs.add(Ref(store, Key(f"{escaped(folder)}/*")))
        if self._only is None and not mirror.covers(folder):
            self._recorder.missed(store, folder)
        for name, is_key, _ in mirror.children(folder):
            key = Key(f"{folder}/{name}")
            value = mirror.value(key) if is_key else None
            if value is not None and self._allowed(store, key):
                yield key, value

    def meant(self, text: str) -> tuple[str, str]:
        """Return the store that a key is in, and the key in it."""
        if text[:1] != "/":
            store, colon, rest = text.partition(":")
            if colon and store in self._mirrors:
                return store, rest
        return self._store, text

    def _pair(self, key: str) -> Pair | None:
        """Return the pair of a key, and note that it was asked for."""
        store, plain = self.meant(key)
        whole = Key(self._prefix + plain)
        self._recorder.keys.add(Ref(store, whole))
        if self._only is not None and not self._allowed(store, whole):
            return None
        pair = self._mirrors[store].pair(whole, len(self._prefix))
        if pair is None:
            self._awaited(key)
        return pair

    def _awaited(self, key: str) -> bool:
        """Note a key that its store does not cover, and tell whether that is so."""
        store, plain = self.meant(key)
        whole = Key(self._prefix + plain)
        if self._only is not None or not _is_key(plain):
            return False
        if self._mirrors[store].covers(whole):
            return False
        self._recorder.missed(store, whole)
        return True

    def _below(self, store: str, path: str) -> Iterator[tuple[str, bool, bool]]:
        """Yield what is right below a folder, and note that it was asked for."""
        folder = path.rstrip("/")
        if not folder.startswith("/") and path != ROOT:
            return
        mirror = self._mirrors[store]
        whole = Key(self._prefix + folder) or ROOT
        self._recorder.folders.add(Ref(store, whole))
        if self._only is None and not mirror.covers(whole):
            self._recorder.missed(store, whole)
        for name, is_key, is_folder in mirror.children(whole):
            inner = Key(f"{'' if whole == ROOT else whole}/{name}")
            if self._only is None or self._allowed(store, inner):
                yield name, is_key, is_folder
            elif self._leads(store, inner):
                yield name, False, True

    def _allowed(self, store: str, key: str) -> bool:
        """Tell whether a key is below what a confd resource declares."""
        return self._only is None or any(
            ref.store == store and is_below(key, ref.key) for ref in self._only
        )

    def _leads(self, store: str, folder: Key) -> bool:
        """Tell whether what a confd resource declares is somewhere below *folder*."""
        return self._only is not None and any(
            ref.store == store and is_below(ref.key, folder) for ref in self._only
        )


def _is_key(text: str) -> bool:
    """Tell whether any store could have a key of this name."""
    return text.startswith("/") and (text == ROOT or not text.endswith("/"))
