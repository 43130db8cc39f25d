"""2,000 puts as fast as etcd takes them: what they cost, and how often we reload.

Asked: less CPU than confd's 1.5 s, and at most 2 reloads more than the storm has
seconds.
"""

import statistics
import time
from collections.abc import Iterator

from benchmarks.process import cpu_s, waited
from benchmarks.program import LOOP, Bench
from benchmarks.store import key, store
from benchmarks.table import Table

PUTS = 2_000
KEYS = 100
REPEATS = 3


def measure(bench: Bench) -> Iterator[Table]:
    """Measure some storms."""
    table = Table(
        f"A storm of {PUTS:,} puts",
        f"One resource over {KEYS} keys, with a reload; from the first put to the file "
        "that holds the last. CPU is the daemon's and that of its commands. Asked: "
        "CPU below confd's 1.5 s, reloads at most 2 + seconds.",
        ("storm", "CPU, s", "seconds", "reloads", "renders"),
    )
    for number in range(1, REPEATS + 1):
        table.add(f"{number}", *_storm(bench))
    columns = list(zip(*table.rows, strict=True))[1:]
    table.add("median", *(statistics.median(map(float, one)) for one in columns))
    yield table


def _storm(bench: Bench) -> tuple[float, float, int, int]:
    """Return CPU, seconds, reloads and renders of one storm."""
    with store(KEYS) as filled, bench.program(filled.url) as program:
        made = program.folder / "reloads"
        reload = f"reload: echo >> {made}\n"
        target = program.declare("loop", LOOP, "/bench", more=reload)
        with program.running():
            waited(made.exists)
            time.sleep(1.1)  # no reload is put off because of the first
            cpu, renders = cpu_s(program.pid), program.status()["renders"]
            before, started = len(made.read_text()), time.perf_counter()
            for number in range(PUTS):
                filled.put(key(number % KEYS), f"storm {number}")
            last = f"storm {PUTS - 1}\n"
            waited(lambda: last in target.read_text())
            seconds = time.perf_counter() - started
            waited(lambda: program.status()["resources"][0]["owed"] is None)
            return (
                cpu_s(program.pid) - cpu,
                seconds,
                len(made.read_text()) - before,
                program.status()["renders"] - renders,
            )
