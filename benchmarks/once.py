"""What a command costs that ends: ``run --once``, ``--help``.

The limit is ``python -c 'import aiohttp'``, which every program pays that asks etcd.
Asked: ``--help`` in 0.12 s; ``run --once`` at 100 keys in 1.6 times the limit.
"""

import json
import statistics
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from benchmarks.process import spent
from benchmarks.program import LOOP, Bench, Program
from benchmarks.store import Store, store
from benchmarks.table import Table

ROUNDS = 11
LARGE_ROUNDS = 3
SMALL, LARGE = 100, 100_000


def measure(bench: Bench) -> Iterator[Table]:
    """Measure what ends soon, in turns; then the large one, and its parts."""
    yield _small(bench)
    yield _large(bench)


def _small(bench: Bench) -> Table:
    """Let all commands take turns."""
    table = Table(
        "Commands that end",
        f"Medians of {ROUNDS} alternating runs, each with its file to be made.",
        ("command", "ms", "CPU, ms", "ratio to limit", "asked"),
    )
    limit = [str(bench.programs / "python"), "-c", "import aiohttp"]
    with (
        store(SMALL) as filled,
        bench.program(filled.url) as etcd,
        bench.over_folder(SMALL) as folder,
    ):
        targets = [one.declare("loop", LOOP, "/bench") for one in (etcd, folder)]
        commands = {
            "limit: import aiohttp": limit,
            "--help": [str(bench.programs / "confwatch"), "--help"],
            f"run --once, etcd, {SMALL} keys": etcd.command("run", "--once"),
            f"run --once, dir, {SMALL} keys": folder.command("run", "--once"),
        }
        took = [
            [_spent(one, targets) for one in commands.values()] for _ in range(ROUNDS)
        ]
    asked = (None, "120 ms", "1.6", None)
    walls = [statistics.median(w for w, _ in one) for one in zip(*took, strict=True)]
    cpus = [statistics.median(c for _, c in one) for one in zip(*took, strict=True)]
    for name, wall, cpu, most in zip(commands, walls, cpus, asked, strict=True):
        table.add(name, wall, cpu, wall / walls[0], most)
    return table


def _spent(command: list[str], targets: list[Path]) -> tuple[float, float]:
    """Return the milliseconds of a run that makes its file, and of CPU."""
    for target in targets:
        target.unlink(missing_ok=True)
    used = spent(command)
    assert used.status == 0, command
    return used.wall_s * 1000, used.cpu_s * 1000


def _large(bench: Bench) -> Table:
    """Tell where the time of a large one goes."""
    table = Table(
        f"run --once at {LARGE:,} keys",
        f"Medians of {LARGE_ROUNDS} runs; the parts are told apart by the log.",
        ("part", "ms"),
    )
    with store(LARGE) as filled, bench.program(filled.url) as program:
        target = program.declare("loop", LOOP, "/bench")
        runs = [_parts(program, target, filled) for _ in range(LARGE_ROUNDS)]
    for name in runs[0]:
        table.add(name, statistics.median(run[name] for run in runs))
    return table


def _parts(program: Program, target: Path, filled: Store) -> dict[str, float]:
    """Run once and return the milliseconds of each part."""
    target.unlink(missing_ok=True)
    asked = time.time()
    filled.read("/bench/")
    answered = time.time()
    started = time.time()
    lines = [json.loads(line) for line in program.once().splitlines()]
    ended = time.time()
    at = {
        one["event"]: datetime.fromisoformat(one["timestamp"]).timestamp()
        for one in lines
    }
    loaded, installed = at["source.loaded"], at["resource.installed"]
    return {
        "limit: etcd sends it all, nobody reads it": (answered - asked) * 1000,
        "until the picture is there": (loaded - started) * 1000,
        "render, write, sync, move": (installed - loaded) * 1000,
        "until the process is gone": (ended - installed) * 1000,
        "all": (ended - started) * 1000,
    }
