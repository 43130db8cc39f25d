"""From one put in etcd to the new file in place, beside the bare limit and confd.

The template prints one attribute of each key, a line each. Programs take turns in one
run. Asked: at most 1.58, 1.9 and 1.56 times the limit at 100, 10,000 and 100,000 keys.
"""

import shutil
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias

from benchmarks.process import MOST_S, waited
from benchmarks.program import LOOP, Bench
from benchmarks.store import Store, key, store
from benchmarks.table import Table

ASKED = {100: 1.58, 10_000: 1.90, 100_000: 1.56}
ROUNDS = 4
PUTS = 25
REST_S = 0.06
"""Between puts: a resource is passed at most 20 times a second."""
SETTLE_S = 0.5

Contender: TypeAlias = Callable[[Bench, Store, Path], AbstractContextManager[Path]]


def measure(bench: Bench) -> Iterator[Table]:
    """Measure each size."""
    contenders: dict[str, Contender] = {"limit": bare, "confwatch": ours}
    if shutil.which("confd"):
        contenders["confd"] = confd
    table = Table(
        "From a put to the file",
        f"Medians of {ROUNDS * PUTS} puts in {ROUNDS} alternating rounds; the limit is "
        "a bare loop that takes the event and writes, syncs and moves the file."
        + ("" if "confd" in contenders else " No confd was on PATH."),
        ("keys", *(f"{name}, ms" for name in contenders), "ratio to limit", "asked"),
    )
    for keys, asked in ASKED.items():
        with store(keys) as filled:
            took = _rounds(bench, filled, keys, contenders)
        medians = [statistics.median(times) for times in took.values()]
        table.add(keys, *medians, medians[1] / medians[0], asked)
    yield table


def _rounds(
    bench: Bench, filled: Store, keys: int, contenders: dict[str, Contender]
) -> dict[str, list[float]]:
    """Let all take turns; return the milliseconds of each."""
    took: dict[str, list[float]] = {name: [] for name in contenders}
    for round_ in range(ROUNDS):
        for name, contender in contenders.items():
            with bench.folder() as folder, contender(bench, filled, folder) as target:
                time.sleep(SETTLE_S)
                for number in range(PUTS):
                    where = key((number * 7919) % keys)
                    value = f"{round_} {name} {number}"
                    took[name].append(put_to_file(filled, where, value, target))
                    time.sleep(REST_S)
    return took


def put_to_file(filled: Store, where: str, value: str, target: Path) -> float:
    """Put, wait for another file, and return the milliseconds.

    Raises:
        TimeoutError: there is none.
    """
    before = _mark(target)
    started = time.perf_counter()
    filled.put(where, value)
    while _mark(target) == before:
        time.sleep(0.0001)  # two cores: spinning would take one
        if time.perf_counter() - started > MOST_S:
            raise TimeoutError(target)
    return (time.perf_counter() - started) * 1000


def _mark(target: Path) -> tuple[int, int]:
    found = target.stat()
    return found.st_ino, found.st_mtime_ns


@contextmanager
def bare(bench: Bench, filled: Store, folder: Path) -> Iterator[Path]:
    """Run the limit."""
    loop = Path(__file__).with_name("bare_limit.py")
    target = folder / "out"
    command = [str(bench.programs / "python"), str(loop), filled.server.url]
    with _until_there([*command, "/bench", str(target)], target):
        yield target


@contextmanager
def ours(bench: Bench, filled: Store, _folder: Path) -> Iterator[Path]:
    """Run the daemon."""
    with bench.program(filled.url) as program:
        target = program.declare("loop", LOOP, "/bench")
        with program.running():
            yield target


@contextmanager
def confd(_bench: Bench, filled: Store, folder: Path) -> Iterator[Path]:
    """Run the confd that is on PATH."""
    target = folder / "out"
    for name in ("conf.d", "templates"):
        (folder / name).mkdir()
    (folder / "conf.d/loop.toml").write_text(
        f'[template]\nsrc = "loop.tmpl"\ndest = "{target}"\nkeys = ["/bench"]\n'
    )
    (folder / "templates/loop.tmpl").write_text(
        '{{range gets "/bench/*"}}{{.Value}}\n{{end}}'
    )
    command = ["confd", "-backend", "etcdv3", "-node", filled.server.url, "-watch"]
    with _until_there([*command, "-confdir", str(folder)], target):
        yield target


@contextmanager
def _until_there(command: list[str], target: Path) -> Iterator[None]:
    """Run a program for the block, which begins once it has made its file."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        waited(target.exists)
        yield
    finally:
        process.terminate()
        process.wait()
