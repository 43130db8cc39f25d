"""The state folder, held by one daemon; or none at all, with a warning."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from confwatch.contracts import Records
from confwatch.errors import DiskError
from confwatch.state.lock import locked
from confwatch.state.nowhere import Nowhere
from confwatch.state.records import FileRecords

log = structlog.get_logger()


@contextmanager
def held(state_dir: Path) -> Iterator[Records]:
    """Hold the folder for the block, and give what remembers in it.

    A sidecar may have no disk of its own: better a reload too many after its restart
    than no configuration at all.

    Raises:
        LockHeld: another daemon works on the folder.
    """
    with ExitStack() as lock:
        try:
            lock.enter_context(locked(state_dir))
        except DiskError as error:
            costs = "a restart reloads once, and adopts no registration"
            log.warning("state.unavailable", error=str(error), costs=costs)
            yield Nowhere()
        else:
            records = FileRecords(state_dir)
            records.sweep()
            yield records
