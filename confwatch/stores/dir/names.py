"""Keys and the files they are."""

import os

from confwatch.errors import SourceRejected
from confwatch.model.keys import ROOT, Key, clean

OURS = ".confwatch"
"""Our own folder in the store; like every dot name it is no key."""


def is_key_name(name: str) -> bool:
    """Tell whether a file of this name is a key: no dot names, no editors' leavings."""
    return not name.startswith(".") and not name.endswith(("~", ".swp"))


def is_key(text: str) -> bool:
    """Tell whether no name in a key is hidden; the root has none."""
    return text == ROOT or all(map(is_key_name, text[1:].split("/")))


def key_of(root: str, path: str) -> Key | None:
    """Return the key that the file *path* is; None where it is none."""
    if path == root:
        return ROOT
    inner = path.removeprefix(f"{root}/")
    key = Key(f"/{inner}")
    return key if inner != path and is_key(key) else None


def path_of(root: str, key: Key) -> str:
    """Return the file that *key* is."""
    return root if key == ROOT else root + key


def is_inside(root: str, key: Key) -> bool:
    """Tell whether the file that *key* is lies in the store, its links followed."""
    if key == ROOT or clean(key) != key or not is_key(key) or "\0" in key:
        return False
    folder = os.path.realpath(os.path.dirname(root + key))
    return f"{folder}/".startswith(f"{os.path.realpath(root)}/")


def writable_path(root: str, key: Key) -> str:
    """Return the file to write *key* to.

    Raises:
        SourceRejected: no file can have such a name, or it would be no key.
    """
    if key == ROOT or not is_key(key) or "\0" in key:
        problem = f"cannot hold the key {key}: a name in it is hidden or empty"
        raise SourceRejected(f"dir:{root}", problem)
    return root + key
