"""What the daemon holds in memory, one resource over all keys.

Asked: at most 60 MiB at 10,000 keys, at most 125 MiB at 100,000.
"""

import time
from collections.abc import Iterator

from benchmarks.process import memory_mib
from benchmarks.program import LOOP, Bench
from benchmarks.put_to_file import REST_S, put_to_file
from benchmarks.store import key, store
from benchmarks.table import Table

ASKED = {100: None, 10_000: 60, 100_000: 125}
PUTS = 20


def measure(bench: Bench) -> Iterator[Table]:
    """Measure each size."""
    table = Table(
        "Memory",
        f"Resident memory after {PUTS} changes, and the most it ever was.",
        ("keys", "MiB", "asked", "most, MiB"),
    )
    for keys, asked in ASKED.items():
        with store(keys) as filled, bench.program(filled.url) as program:
            target = program.declare("loop", LOOP, "/bench")
            with program.running():
                for number in range(PUTS):
                    put_to_file(filled, key(number), f"new {number}", target)
                    time.sleep(REST_S)
                now, most = memory_mib(program.pid)
        table.add(keys, now, asked, most)
    yield table
