"""Lines to a descriptor whose reader may hang, or be gone: nobody waits for it."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable

MOST_BYTES = 4 << 20
PATIENCE_S = 2.0
"""At the end, a reader that takes nothing for this long is taken to hang."""
_BATCH = 200
_PIECE = 4096
"""A pipe takes so much at once: whoever waits sees that it moves."""


class Outlet:
    """A file to write lines to, for loggers; a thread does the writing.

    What finds no room, or cannot be written, is counted, and the count is told as soon
    as anything can be written again.
    """

    def __init__(self, descriptor: int, lost: Callable[[int], str]) -> None:
        """Make an outlet; its thread begins with the first line.

        Args:
            descriptor: where the lines go; stays open.
            lost: makes the line that tells how many were lost, with its end.
        """
        self._descriptor = descriptor
        self._lost = lost
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._dropped = 0
        self._busy = False
        self._moves = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def write(self, text: str) -> int:
        """Take a line with its end, and return at once."""
        line = text.encode("utf-8", "backslashreplace")
        with self._changed:
            if self._bytes + len(line) > MOST_BYTES:
                self._dropped += 1
                return len(text)
            self._lines.append(line)
            self._bytes += len(line)
            if self._thread is None:
                # The exit does not wait for it: it may hang in a write for ever.
                self._thread = threading.Thread(
                    target=self._run, name="outlet", daemon=True
                )
                self._thread.start()
            self._changed.notify_all()
        return len(text)

    def flush(self) -> None:
        """Do nothing: who has to know that all is written uses ``drain``."""

    def drain(self) -> None:
        """Return once all is written, or the reader has taken nothing for long."""
        with self._changed:
            moves, until = self._moves, time.monotonic() + PATIENCE_S
            while self._lines or self._busy:
                if self._moves != moves:
                    moves, until = self._moves, time.monotonic() + PATIENCE_S
                if not self._changed.wait(until - time.monotonic()):
                    return

    def _run(self) -> None:
        """Write what comes, for ever."""
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                while not self._lines:
                    self._changed.wait()
                self._busy = True
                some = min(_BATCH, len(self._lines))
                lines = [self._lines.popleft() for _ in range(some)]
            written = self._written(b"".join(lines))
            with self._changed:
                self._bytes -= sum(map(len, lines))
                self._dropped += 0 if written else len(lines)
                dropped = self._dropped
            if written and dropped and self._written(self._lost(dropped).encode()):
                with self._changed:
                    self._dropped -= dropped

    def _written(self, raw: bytes) -> bool:
        """Write all of it; False where that cannot be done. Blocks."""
        rest = memoryview(raw)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest[:_PIECE]) :]
            except OSError:  # its reader is gone, or its disk is full
                return False
            with self._changed:
                self._moves += 1
                self._changed.notify_all()
        return True
