"""500 services announced by one daemon: requests, CPU and memory in the quiet.

Asked: no event on the prefix in the quiet, and none through a restart by USR2.
"""

import signal
import time
from collections.abc import Iterator

from benchmarks.process import cpu_s, memory_mib, waited
from benchmarks.program import Bench, Program
from benchmarks.store import Store, store
from benchmarks.table import Table

SERVICES = 500
TTL_S = 15
QUIET_S = 60
STEP_S = 0.1


def measure(bench: Bench) -> Iterator[Table]:
    """Measure the life of one daemon, and the start of the next."""
    table = Table(
        f"{SERVICES} services",
        f"One resource, one template, all services with a ttl of {TTL_S} s in etcd, "
        f"without checks; then {QUIET_S} quiet seconds. Events are etcd's revisions.",
        ("what", "measured", "asked"),
    )
    with store() as filled, bench.program(filled.url) as program:
        program.declare("many", "x\n", more=_services())
        with program.started():
            started = time.perf_counter()
            waited(lambda: filled.count("/services/") == SERVICES, step_s=STEP_S)
            table.add("all announced, s", time.perf_counter() - started, None)
            _quiet(program, filled, table)
            before = filled.revision()
            program.end(signal.SIGUSR2)
        with program.running():
            started = time.perf_counter()
            waited(lambda: _up(program) == SERVICES, step_s=STEP_S)
            table.add(
                "taken over after a restart, s", time.perf_counter() - started, None
            )
            table.add("events of the restart", filled.revision() - before, 0)
            started = time.perf_counter()
        table.add("withdrawn and ended, s", time.perf_counter() - started, None)
        table.add("left in the store", filled.count("/services/"), 0)
    yield table


def _quiet(program: Program, filled: Store, table: Table) -> None:
    """Look at what a daemon does with nothing to do but to renew."""
    time.sleep(5)
    cpu, requests = cpu_s(program.pid), filled.requests()
    revision, minutes = filled.revision(), QUIET_S / 60
    time.sleep(QUIET_S)
    # Our own question for the revision is one of the requests.
    asked = filled.requests() - requests - 1
    table.add("requests a minute", asked / minutes, None)
    table.add("CPU, s a minute", (cpu_s(program.pid) - cpu) / minutes, None)
    table.add("memory, MiB", memory_mib(program.pid)[0], None)
    table.add("events in the quiet", filled.revision() - revision, 0)


def _up(program: Program) -> int:
    """Count the services that stand."""
    return sum(one["state"] == "up" for one in program.status()["services"])


def _services() -> str:
    """Declare all of them."""
    lines = [
        f"  - {{name: s{number:03}, address: 10.0.0.1, port: {8000 + number}, "
        f"ttl: {TTL_S}s}}"
        for number in range(SERVICES)
    ]
    return "\n".join(["services:", *lines, ""])
