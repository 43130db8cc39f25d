"""How long a template may run and how much it may produce."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from msgspec import Struct

from confwatch.render.refused import Refused

T = TypeVar("T")

_PIECES = 4096
_TURNS = 255


class Limits(Struct, frozen=True):
    """What one template may take.

    Attributes:
        seconds: of wall time; what takes as long is a runaway loop.
        max_bytes: of output.
    """

    seconds: float = 5.0
    max_bytes: int = 64 * 1024 * 1024


class Allowance:
    """What is left of the limits for the render under way.

    Started anew for each template; templates are rendered one at a time.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._until = 0.0

    def start(self) -> None:
        """Begin a render: all of the time is left."""
        self._until = time.monotonic() + self._limits.seconds

    def check(self) -> None:
        """Refuse to go on after the deadline.

        Raises:
            Refused: the time is over.
        """
        if time.monotonic() > self._until:
            raise Refused(f"ran longer than {self._limits.seconds:g} s")

    def turns(self, items: Iterable[T]) -> Iterator[T]:
        """Yield *items*, for a loop that ends at the deadline at the latest."""
        for number, item in enumerate(items):
            if not number & _TURNS:
                self.check()
            yield item

    def joined(self, pieces: Iterable[str]) -> str:
        """Join the pieces of an output.

        Raises:
            Refused: they are more than may be, or took too long.
        """
        waiting, chunks, size = iter(pieces), [], 0
        while taken := list(islice(waiting, _PIECES)):
            self.check()
            # Before they are joined: many may be one and the same long text. A
            # character takes a byte at least, so this bounds the memory too.
            size += sum(map(len, taken))
            if size > self._limits.max_bytes:
                raise Refused(f"made more than {self._limits.max_bytes} bytes")
            chunks.append("".join(taken))
        return "".join(chunks)
