"""Which files of conf.d are read, and in what order.

The whole folder or an error: half a list would look as if resources were taken away.
"""

import os
from pathlib import Path

from msgspec import Struct

from confwatch.errors import ConfigError

_ENDINGS = frozenset({".yaml", ".yml", ".toml"})


class Listing(Struct, frozen=True):
    """What a conf.d holds.

    Attributes:
        files: to be read, in the order of their paths.
        ignored: files that confd would read and we do not.
    """

    files: tuple[Path, ...]
    ignored: tuple[Path, ...]


def listed(conf_dir: Path) -> Listing:
    """List conf.d and its subfolders, as confd does; hidden names are left out.

    confd reads every name that ends in ``toml``. We ask for a visible name and the
    ending ``.toml``: a hidden one is a backup or half-written, and ``xtoml`` may be
    anything. What that leaves out is told, folders that are hidden excepted.

    Kubernetes mounts its files as links through a hidden folder: read once, as links.

    Raises:
        ConfigError: the folder, or one below it, cannot be listed.
    """
    files: list[Path] = []
    ignored: list[Path] = []
    for folder, folders, names in os.walk(conf_dir, onerror=_unreadable):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in names:
            path = Path(folder, name)
            if path.suffix in _ENDINGS and not name.startswith("."):
                files.append(path)
            elif name.endswith("toml"):
                ignored.append(path)
    return Listing(tuple(sorted(files)), tuple(sorted(ignored)))


def _unreadable(error: OSError) -> None:
    problem = f"cannot be listed: {error.strerror}"
    raise ConfigError(str(error.filename), None, "", problem) from error
