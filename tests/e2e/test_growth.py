"""A daemon that works for long holds no more than at first.

``benchmarks/growth.py`` is the long form, and looks at memory as well.
"""

import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.growth import DISK, Work, grown
from benchmarks.program import Bench

WORK = Work(repeats=2, passes=500, reconnects=40)
FEW = 5
"""A connection may be kept a while for the next question; a leak would be one each."""


@pytest.mark.real
@pytest.mark.daemon
async def test_passes_and_reconnects_leave_nothing_behind() -> None:
    """No descriptor, thread, child or file of state."""
    bench = Bench(Path(sys.executable).parent, DISK)
    table = await grown(bench, WORK)
    rows: list[dict[str, Any]]
    rows = [dict(zip(table.head, row, strict=True)) for row in table.rows]
    first, last = rows
    assert last["passes"] >= WORK.passes
    assert last["reconnects"] >= WORK.reconnects
    for held in ("descriptors", "threads", "children", "files of state"):
        assert last[held] <= first[held] + FEW, held
