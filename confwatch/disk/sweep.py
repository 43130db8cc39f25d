"""Clear away stages that a crash left."""

import os
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress

from confwatch.disk.names import stages_among
from confwatch.disk.targets import real_target
from confwatch.errors import DiskError


def sweep(dests: Iterable[str]) -> list[str]:
    """Remove the stages beside these targets and return their paths. Blocks.

    Nobody may be working on them: what looks left may be just being made. A folder is
    listed once, however many of the targets are in it.
    """
    targets: defaultdict[str, list[str]] = defaultdict(list)
    for dest in dests:
        with suppress(OSError, DiskError):  # its pass tells
            target = real_target(dest)
            targets[os.path.dirname(target)].append(target)
    return [path for folder, there in targets.items() for path in _sweep(folder, there)]


def _sweep(folder: str, targets: list[str]) -> list[str]:
    """Sweep one folder; one that cannot be read is told by a pass."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    gone = []
    for name in stages_among(names, targets):
        path = os.path.join(folder, name)
        with suppress(OSError):
            os.unlink(path)
            gone.append(path)
    return gone
