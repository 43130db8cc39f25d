"""Runs the operator's commands: slots, surroundings, and what a bad end means."""

import asyncio
import os
import shlex
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from confwatch.aio.process import Ended, run
from confwatch.aio.slots import Slots
from confwatch.errors import CommandError

Failed = TypeVar("Failed", bound=CommandError)

MAX_COMMANDS = 8
PATIENCE_S = 5.0
"""A command that takes longer gives its slot back: it may hang, others must go on."""

MAX_LIST_BYTES = 32 * 1024
"""Longest list handed to a command: one variable may hold 128 KiB, all share 2 MiB."""
SHOWN_CHARS = 300
SHOWN_OUTPUT_BYTES = 4096


class Surroundings(Struct, frozen=True):
    """What a command is told about the pass that runs it.

    Attributes:
        resources: whose pass or reload it is.
        changed: the targets that change.
        dest: the only target, where there is just one.
    """

    resources: tuple[str, ...]
    changed: tuple[str, ...]
    dest: str | None

    def environment(self) -> dict[str, str]:
        """Make the command's environment: ours, and three variables more."""
        told = {
            "CONFWATCH_RESOURCE": "\n".join(self.resources),
            "CONFWATCH_CHANGED": _cut_lines(self.changed, MAX_LIST_BYTES),
        }
        if self.dest is not None:
            told["CONFWATCH_DEST"] = self.dest
        return {**os.environ, **told}


class Commands:
    """The slots that all commands of the daemon share."""

    def __init__(self, slots: int = MAX_COMMANDS) -> None:
        self._slots = Slots(slots, PATIENCE_S)
        self._open = asyncio.Event()
        self._open.set()
        self._running = 0
        self._ended = asyncio.Event()

    async def run(
        self,
        argv: Sequence[str],
        surroundings: Surroundings,
        *,
        timeout_s: float,
        begun: Callable[[], None] = lambda: None,
    ) -> Ended:
        """Run one command to its end, its deadline, or our own cancellation.

        Args:
            argv: the program and its words.
            surroundings: what it is told.
            timeout_s: after this it is ended.
            begun: called when it is its turn.
        """
        async with self._slots.one():
            await self._open.wait()
            begun()
            self._running += 1
            try:
                environment = surroundings.environment()
                return await run(argv, timeout_s=timeout_s, env=environment)
            finally:
                self._running -= 1
                self._ended.set()

    async def close(self) -> None:
        """Start no more commands, and return once none runs."""
        self._open.clear()
        while self._running:
            self._ended.clear()
            await self._ended.wait()


def failed(
    kind: type[Failed], argv: Sequence[str], ended: Ended, *, secret: bool
) -> Failed:
    """Make the error that tells of a bad end; without output for secret targets."""
    output = ended.output[-SHOWN_OUTPUT_BYTES:].decode("utf-8", "replace")
    return kind(shown(argv), ended.status, ended.problem, "" if secret else output)


def shown(argv: Sequence[str]) -> str:
    """Write a command as an operator would, cut to a readable length."""
    match argv:
        case ("/bin/sh", "-c", text):
            pass
        case _:
            text = shlex.join(argv)
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…"


def _cut_lines(lines: Sequence[str], most_bytes: int) -> str:
    """Join as many whole lines as fit."""
    kept, size = [], 0
    for line in lines:
        size += len(os.fsencode(line)) + 1
        if size > most_bytes:
            break
        kept.append(line)
    return "\n".join(kept)
