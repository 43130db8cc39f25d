"""Clears away what a crash left beside the targets, before the first pass."""

from collections.abc import Iterable

import structlog

from confwatch.disk.sweep import sweep
from confwatch.model.resource import Resource

log = structlog.get_logger()


def swept(resources: Iterable[Resource]) -> None:
    """Remove stages that nobody will finish; blocks."""
    for path in sweep([dest for one in resources for dest in one.dests]):
        log.info("stage.swept", path=path)
