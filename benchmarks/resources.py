"""Many resources of 10 keys, a template each: until ready, and what a change costs.

Asked: 500 ready in 2 s; at most 3 connections; one render for one change.
"""

import statistics
import time
from collections.abc import Iterator

from benchmarks.process import connections
from benchmarks.program import LOOP, Bench
from benchmarks.put_to_file import REST_S, put_to_file
from benchmarks.store import store
from benchmarks.table import Table

SIZES = {500: 2.0, 5_000: None}
KEYS = 10
CHANGES = 50


def measure(bench: Bench) -> Iterator[Table]:
    """Measure each size."""
    table = Table(
        f"Many resources of {KEYS} keys",
        "From the start of the process to readiness, all files in place; then "
        f"{CHANGES} puts, each to a key of another resource.",
        (
            "resources",
            "ready, s",
            "asked, s",
            "connections",
            "renders",
            "changes",
            "ms a change, median",
        ),
    )
    for count, asked in SIZES.items():
        ready, sockets, renders, took = _many(bench, count)
        median = statistics.median(took)
        table.add(count, ready, asked, sockets, renders, len(took), median)
    yield table


def _many(bench: Bench, count: int) -> tuple[float, int, int, list[float]]:
    """Return seconds until ready, connections, renders for the changes, and each."""
    names = [f"r{number:05}" for number in range(count)]
    with store() as filled, bench.program(filled.url) as program:
        filled.put_all({f"/{r}/{n}": f"{n}" for r in names for n in range(KEYS)})
        targets = [program.declare(name, _template(name), f"/{name}") for name in names]
        started = time.perf_counter()
        with program.running():
            ready = time.perf_counter() - started
            assert all(target.exists() for target in targets)
            time.sleep(1)
            before = program.status()["renders"]
            took = []
            for number in range(CHANGES):
                chosen = (number * 7919) % count
                where = f"/{names[chosen]}/{number % KEYS}"
                took.append(put_to_file(filled, where, "new", targets[chosen]))
                time.sleep(REST_S)
            renders = program.status()["renders"] - before
            return ready, connections(program.pid, filled.server.port), renders, took


def _template(name: str) -> str:
    return LOOP.replace("/bench/", f"/{name}/")
