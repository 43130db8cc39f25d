"""What was measured, as tables for RESULTS.md."""

import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

Cell: TypeAlias = str | int | float | None


@dataclass(slots=True)
class Table:
    """Rows of one kind.

    Attributes:
        title: what was measured.
        note: how, in a sentence or two.
        head: names of the columns.
        rows: one cell a column; None where nothing is asked or known.
    """

    title: str
    note: str
    head: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list)

    def add(self, *cells: Cell) -> None:
        """Add a row, and show it to whoever waits."""
        self.rows.append(cells)
        print(f"  {self.title}: {' | '.join(map(_shown, cells))}", file=sys.stderr)

    def markdown(self) -> str:
        """Return it as Markdown."""
        lines = [self.head, ["---"] * len(self.head), *self.rows]
        rows = [f"| {' | '.join(map(_shown, line))} |" for line in lines]
        return "\n".join([f"## {self.title}", "", self.note, "", *rows, ""])


def _shown(cell: Cell) -> str:
    if isinstance(cell, float):
        return f"{cell:.2f}" if abs(cell) < 100 else f"{cell:.0f}"
    return "" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell


def machine(extras: str) -> str:
    """Say on what machine, with what versions and by what command it was measured."""
    etcd = subprocess.run(
        ["etcd", "--version"], capture_output=True, text=True, check=True
    )
    command = " ".join(["python -m benchmarks", *sys.argv[1:]])
    system = f"{platform.system()} {platform.machine()}"
    installed = f"confwatch[{extras}]" if extras else "confwatch"
    words = (
        f"{os.cpu_count()} cores ({_processor()}, {system})",
        f"Python {platform.python_version()}",
        etcd.stdout.splitlines()[0].replace(" Version:", ""),
        f"`{installed}` in an environment of its own",
        f"load before: {os.getloadavg()[0]:.2f}",
        datetime.now(UTC).date().isoformat(),
    )
    return f"{', '.join(words)}.\n`{command}`\n"


def _processor() -> str:
    """Return what the processor calls itself."""
    told = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in told if "model name" in line]
    return names[0] if names else platform.processor()
