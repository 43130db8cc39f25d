"""The store functions of templates: confd's names and meanings, reads noted.

Keys have the resource's prefix cut off and begin with ``/``. What a store does not
cover yet is noted and answered with something empty, so that one render finds many
such keys; its result is thrown away.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from confwatch.mirror.globs import escaped, glob
from confwatch.mirror.mirror import Mirror
from confwatch.mirror.pair import Pair
from confwatch.model.keys import ROOT, Key, Ref, encoded, is_below, is_covered
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
    """exists, get, getv, gets, getvs, ls and lsdir over the scene of the moment."""

    def __init__(self) -> None:
        self._mirror = Mirror("")
        self._store = ""
        self._prefix = ""
        self._recorder = Recorder()
        self._only: frozenset[Key] | None = None

    def look_at(self, scene: Scene) -> None:
        """Answer from *scene* from now on."""
        resource = scene.resource
        self._store = resource.store
        self._mirror = scene.mirrors[resource.store]
        # "" for the root: then it can simply be put before a key.
        self._prefix = "" if resource.prefix == ROOT else resource.prefix
        self._recorder = scene.recorder
        cover = frozenset(ref.key for ref in resource.cover)
        self._only = cover if resource.only_keys else None

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
        if not pattern.startswith(("/", "[")):
            return []  # every key begins with a slash, which no star matches
        whole = escaped(self._prefix) + pattern if self._prefix else pattern
        try:
            found = glob(whole)
        except ValueError as error:
            # confd finds out while matching, so never over an empty store.
            if not self._mirror.count():
                return []
            raise Refused(f"{error}: {pattern}") from error
        self._recorder.globs.add(Ref(self._store, Key(whole)))
        head = found.head
        if self._only is None and not self._mirror.covers(head):
            self._recorder.missed(self._store, head)
        pairs = self._mirror.pairs(found, len(self._prefix))
        if self._only is None:
            return pairs
        return [one for one in pairs if self._allowed(self._prefix + one.key)]

    def getvs(self, pattern: str) -> list[str]:
        """Return the values of ``gets``, sorted by themselves, bytewise."""
        return sorted((one.value for one in self.gets(pattern)), key=encoded)

    def ls(self, path: str) -> list[str]:
        """Return the names right below *path*, sorted.

        Of a key that is no folder, its own name; of ``/`` only keys, as confd does.
        """
        if path == ROOT:
            return [name for name, is_key, _ in self._below(ROOT) if is_key]
        names = [name for name, _, _ in self._below(path)]
        if not path.endswith("/") and self._pair(path) is not None:
            names = sorted({*names, path[path.rindex("/") + 1 :]}, key=encoded)
        return names

    def lsdir(self, path: str) -> list[str]:
        """Return the names right below *path* that have children; of ``/`` none."""
        if path == ROOT:
            return []
        return [name for name, _, is_folder in self._below(path) if is_folder]

    def _pair(self, key: str) -> Pair | None:
        """Return the pair of a key, and note that it was asked for."""
        whole = Key(self._prefix + key)
        self._recorder.keys.add(Ref(self._store, whole))
        if self._only is not None and not self._allowed(whole):
            return None
        pair = self._mirror.pair(whole, len(self._prefix))
        if pair is None:
            self._awaited(key)
        return pair

    def _awaited(self, key: str) -> bool:
        """Note a key that its store does not cover, and tell whether that is so."""
        whole = Key(self._prefix + key)
        if self._only is not None or not _is_key(key) or self._mirror.covers(whole):
            return False
        self._recorder.missed(self._store, whole)
        return True

    def _below(self, path: str) -> Iterator[tuple[str, bool, bool]]:
        """Yield what is right below a folder, and note that it was asked for."""
        folder = path.rstrip("/")
        if not folder.startswith("/") and path != ROOT:
            return
        whole = Key(self._prefix + folder) or ROOT
        self._recorder.folders.add(Ref(self._store, whole))
        if self._only is None and not self._mirror.covers(whole):
            self._recorder.missed(self._store, whole)
        for name, is_key, is_folder in self._mirror.children(whole):
            inner = Key(f"{'' if whole == ROOT else whole}/{name}")
            if self._only is None or self._allowed(inner):
                yield name, is_key, is_folder
            elif any(is_below(key, inner) for key in self._only):
                yield name, False, True

    def _allowed(self, key: str) -> bool:
        """Tell whether a key is below what a confd resource declares."""
        return self._only is None or is_covered(key, self._only)


def _is_key(text: str) -> bool:
    """Tell whether any store could have a key of this name."""
    return text.startswith("/") and (text == ROOT or not text.endswith("/"))
