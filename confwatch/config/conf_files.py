"""Which files of conf.d are read, and in what order.

The whole folder or an error: half a list would look as if resources were taken away.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from confwatch.errors import ConfigError

_ENDINGS = frozenset({".yaml", ".yml", ".toml"})


@dataclass(frozen=True, slots=True)
class Listing:
    """What a conf.d holds.

    Attributes:
        files: to be read, in the order of their paths.
        hidden: TOML files that confd would read and we do not.
    """

    files: tuple[Path, ...]
    hidden: tuple[Path, ...]


def listed(conf_dir: Path) -> Listing:
    """List conf.d and its subfolders, as confd does; hidden names are left out.

    Kubernetes mounts its files as links through a hidden folder: read once, as links.

    Raises:
        ConfigError: the folder, or one below it, cannot be listed.
    """
    files: list[Path] = []
    hidden: list[Path] = []
    for folder, folders, names in os.walk(conf_dir, onerror=_unreadable):
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in names:
            path = Path(folder, name)
            if name.startswith("."):
                hidden += [path] if path.suffix == ".toml" else []
            elif path.suffix in _ENDINGS:
                files.append(path)
    return Listing(tuple(sorted(files)), tuple(sorted(hidden)))


def _unreadable(error: OSError) -> None:
    problem = f"cannot be listed: {error.strerror}"
    raise ConfigError(str(error.filename), None, "", problem) from error
