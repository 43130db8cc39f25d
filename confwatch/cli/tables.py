"""Tables that people read at a prompt."""

from collections.abc import Iterable, Sequence
from typing import Any

import click

from confwatch.cli.options import visible

MOST_CHARS, MOST_LAST_CHARS = 70, 300
"""Of a cell, and of the last one of a row; --json tells all of it."""


def ago(seconds: float) -> str:
    """Say a span in its largest unit."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows in columns as wide as their widest cell."""
    cells = [list(head), *(_cells(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())
    click.echo()


def _cells(row: Sequence[object]) -> list[str]:
    most = [MOST_CHARS] * (len(row) - 1) + [MOST_LAST_CHARS]
    return [_cell(value, chars) for value, chars in zip(row, most, strict=True)]


def _cell(value: object, most_chars: int) -> str:
    """Return one cell: one line, cut to where a table still is one."""
    text = "" if value is None else visible(str(value).replace("\n", " "))
    return text if len(text) <= most_chars else f"{text[: most_chars - 1]}…"
