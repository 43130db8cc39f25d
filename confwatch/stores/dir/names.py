"""Keys and the files they are."""

from confwatch.errors import SourceRejected
from confwatch.model.keys import ROOT, Key

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


def writable_path(root: str, key: Key) -> str:
    """Return the file to write *key* to.

    Raises:
        SourceRejected: no file can have such a name, or it would be no key.
    """
    if key == ROOT or not is_key(key) or "\0" in key:
        problem = f"cannot hold the key {key}: a name in it is hidden or empty"
        raise SourceRejected(f"dir:{root}", problem)
    return root + key
