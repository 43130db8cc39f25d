"""Whether anything grows in a daemon that works for long.

Three times 20,000 passes and 2,000 reconnects. Asked: after the third time at most
5 MiB more than after the first; no more descriptors, threads, children, state.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import process
from benchmarks.program import LOOP, ROOT, Bench, Program
from benchmarks.store import Store, key, store
from benchmarks.table import Table
from tests.support.proxy import Proxy, proxy
from tests.support.waiting import until

RESOURCES = 50
KEYS = 100
SEEN_EVERY = 20
"""Reconnects between two puts that have to arrive."""
ASKED_MIB = 5
DISK = "/dev/shm"
"""In memory: of a real one we would measure how long it takes to sync."""
SETTLE_S = 2


@dataclass(frozen=True, slots=True)
class Work:
    """What the daemon has to do: how often, and how much each time."""

    repeats: int
    passes: int
    reconnects: int


ASKED = Work(3, 20_000, 2_000)


@dataclass(frozen=True, slots=True)
class Yard:
    """A daemon at work, its targets, its store, and the wire between them."""

    program: Program
    targets: list[Path]
    filled: Store
    wire: Proxy


def measure(bench: Bench) -> Iterator[Table]:
    """Measure after each repeat."""
    yield asyncio.run(grown(replace(bench, disk=DISK), ASKED))


async def grown(bench: Bench, work: Work) -> Table:
    """Work a daemon, and look at it after each repeat."""
    table = Table(
        "Growth",
        f"{RESOURCES} resources over the same {KEYS} keys of etcd behind a proxy that "
        f"tears connections; the waits before a reconnect are cut to nothing. Asked: "
        f"at most {ASKED_MIB} MiB from the first row to the last, and nothing else.",
        (
            *("repeat", "passes", "reconnects", "MiB", "descriptors", "threads"),
            *("children", "files of state", "bytes of state"),
        ),
    )
    async with _opened(bench) as yard:
        for repeat in range(1, work.repeats + 1):
            passes, reconnects = await _passes(yard), yard.wire.connections
            await _work(yard, work)
            passes = await _passes(yard) - passes
            reconnects = yard.wire.connections - reconnects
            table.add(repeat, passes, reconnects, *_held(yard.program))
    return table


@asynccontextmanager
async def _opened(bench: Bench) -> AsyncIterator[Yard]:
    """Hold a daemon that is ready for the block."""
    with store(KEYS) as filled:
        async with proxy(filled.server.port) as wire:
            with bench.program(f"etcd://127.0.0.1:{wire.port}") as program:
                names = [f"r{number}" for number in range(RESOURCES)]
                targets = [program.declare(name, LOOP, "/bench") for name in names]
                impatient = ROOT / "tests/support/impatient.py"
                python = str(bench.programs / "python")
                with program.started(python, "-P", str(impatient)) as ready:
                    await asyncio.to_thread(ready)
                    yield Yard(program, targets, filled, wire)


async def _work(yard: Yard, work: Work) -> None:
    """Have all passes and reconnects of one repeat made."""
    for number in range(work.passes // RESOURCES):
        await _put(yard, number)
    for number in range(work.reconnects):
        before = yard.wire.connections
        yard.wire.tear()
        await _connected(yard.wire, before)
        if number % SEEN_EVERY == 0:
            await _put(yard, number)
    await asyncio.sleep(SETTLE_S)


async def _passes(yard: Yard) -> int:
    """Count the passes so far."""
    told = await asyncio.to_thread(yard.program.status)
    return sum(one["passes"] for one in told["resources"])


async def _connected(wire: Proxy, before: int) -> None:
    """Wait for a connection more than before."""
    await until(lambda: wire.connections > before, process.MOST_S)


async def _put(yard: Yard, number: int) -> None:
    """Put something new, and wait until it stands in every file."""
    value = f"{number} {time.monotonic_ns()}"
    await asyncio.to_thread(yard.filled.put, key(number % KEYS), value)
    for target in yard.targets:
        await _holds(target, value)


async def _holds(target: Path, value: str) -> None:
    """Wait until a file has a value."""
    await until(lambda: value in target.read_text(), process.MOST_S)


def _held(program: Program) -> tuple[int | float, ...]:
    """Return all that could grow, from memory to the bytes of the state folder."""
    kept = [one for one in (program.folder / "state").rglob("*") if one.is_file()]
    pid = program.pid
    return (
        process.memory_mib(pid)[0],
        *(process.descriptors(pid), process.threads(pid), process.children(pid)),
        *(len(kept), sum(one.stat().st_size for one in kept)),
    )
