"""Runs the measurements that are named, or all but growth, and prints their tables."""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks import (
    growth,
    idle,
    memory,
    once,
    put_to_file,
    resources,
    services,
    storm,
)
from benchmarks.program import Bench, installed
from benchmarks.table import Table, machine

MEASURES: dict[str, Callable[[Bench], Iterator[Table]]] = {
    "put_to_file": put_to_file.measure,
    "once": once.measure,
    "storm": storm.measure,
    "resources": resources.measure,
    "memory": memory.measure,
    "idle": idle.measure,
    "services": services.measure,
    "growth": growth.measure,
}
LONG = ("growth",)


def main() -> None:
    """Measure, and write the tables as Markdown."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *MEASURES], metavar="NAME")
    parser.add_argument("--out", type=Path, help="write here instead of printing")
    parser.add_argument("--extras", default="", help="install with these, as: fast")
    given = parser.parse_args()
    names = given.names or [name for name in MEASURES if name not in LONG]
    pieces = ["# Measured\n", machine(given.extras)]
    with installed(given.extras) as programs:
        for name in names:
            started = time.perf_counter()
            pieces += [one.markdown() for one in MEASURES[name](Bench(programs))]
            took = time.perf_counter() - started
            print(f"{name}: {took:.0f} s", file=sys.stderr)
    text = "\n".join(pieces)
    if given.out is None:
        print(text)
    else:
        given.out.write_text(text)


if __name__ == "__main__":
    main()
