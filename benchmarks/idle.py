"""What a daemon with nothing to do costs. Asked: at most 0.05 s of CPU a minute."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.process import cpu_s
from benchmarks.program import LOOP, Bench
from benchmarks.store import store
from benchmarks.table import Table

SETTLE_S = 5
MEASURED_S = 60
ASKED_S = 0.05
IN_ETCD = 100
IN_FOLDER = (100, 10_000)


def measure(bench: Bench) -> Iterator[Table]:
    """Measure all of them in the same minute."""
    table = Table(
        "Idle",
        f"CPU in {MEASURED_S} quiet seconds, {SETTLE_S} s after the start.",
        ("store", "keys", "CPU, s a minute", "asked"),
    )
    with ExitStack() as parts:
        filled = parts.enter_context(store(IN_ETCD))
        running = [("etcd", IN_ETCD, parts.enter_context(bench.program(filled.url)))]
        running += [
            ("dir", keys, parts.enter_context(bench.over_folder(keys)))
            for keys in IN_FOLDER
        ]
        for _, _, program in running:
            program.declare("loop", LOOP, "/bench")
            parts.enter_context(program.running())
        time.sleep(SETTLE_S)
        before = [cpu_s(program.pid) for _, _, program in running]
        time.sleep(MEASURED_S)
        for (kind, keys, program), cpu in zip(running, before, strict=True):
            spent = (cpu_s(program.pid) - cpu) * 60 / MEASURED_S
            table.add(kind, keys, spent, ASKED_S)
    yield table
