"""Clear away stages that a crash left."""

import os
from collections.abc import Iterable

from confwatch.disk.names import is_stage_of
from confwatch.disk.targets import real_target
from confwatch.errors import DiskError


def sweep(dests: Iterable[str]) -> list[str]:
    """Remove the stages beside these targets and return their paths. Blocks.

    Nobody may be working on them: what looks left may be just being made.
    """
    return [path for dest in dests for path in _sweep(dest)]


def _sweep(dest: str) -> list[str]:
    """Sweep beside one target; a folder that cannot be read is told by its pass."""
    gone = []
    try:
        target = real_target(dest)
        folder = os.path.dirname(target)
        for name in os.listdir(folder):
            if is_stage_of(name, target):
                path = os.path.join(folder, name)
                os.unlink(path)
                gone.append(path)
    except (OSError, DiskError):
        return gone
    return gone
