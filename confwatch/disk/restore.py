"""Put targets back to their last proven version."""

import os
from collections.abc import Mapping

from confwatch.disk.failing import failing
from confwatch.disk.move import bring_over
from confwatch.disk.names import proven_path
from confwatch.disk.present import digest
from confwatch.disk.sync import sync_folder
from confwatch.disk.targets import real_target
from confwatch.errors import DiskError
from confwatch.model.resource import Resource


def put_back(resource: Resource, digests: Mapping[str, str]) -> tuple[str, ...]:
    """Make every target what *digests* say, from the versions kept beside them.

    Blocks.

    Returns:
        The dests that had to be put back.

    Raises:
        DiskError: a proven version is not kept any more; nothing was changed. Or it
            cannot be moved.
    """
    differing = [
        dest
        for dest in resource.dests
        if dest in digests and digest(dest) != digests[dest]
    ]
    targets = {dest: real_target(dest) for dest in differing}
    for dest, target in targets.items():
        if digest(proven_path(target)) != digests[dest]:
            problem = "its last proven version is not kept beside it"
            raise DiskError(dest, None, "put back", problem)
    for dest, target in targets.items():
        with failing(dest, "put back"):
            # Not linked: who then edits the target in place would edit both.
            bring_over(proven_path(target), target)
    for folder in {os.path.dirname(target) for target in targets.values()}:
        sync_folder(folder)
    return tuple(differing)
