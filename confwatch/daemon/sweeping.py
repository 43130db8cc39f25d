"""Clears away what a crash left beside the targets, before the first pass."""

from collections.abc import Iterable

import structlog

from confwatch.disk.sweep import sweep
from confwatch.disk.undo import recover
from confwatch.errors import DiskError
from confwatch.model.resource import Resource

log = structlog.get_logger()


def swept(resources: Iterable[Resource]) -> None:
    """Put back what nobody has judged, and remove stages; blocks."""
    resources = [*resources]
    for one in resources:
        try:
            back = recover(one.dests)
        except DiskError as error:
            log.error("resource.failed", resource=one.name, error=str(error))
            continue
        if back:
            log.warning("resource.put_back", resource=one.name, targets=back)
    for path in sweep([dest for one in resources for dest in one.dests]):
        log.info("stage.swept", path=path)
