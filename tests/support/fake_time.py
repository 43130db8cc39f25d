"""A loop whose clock jumps when nobody has anything to do.

Suits code without threads and children: what waits for real things waits for nothing.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import TypeVar

T = TypeVar("T")


class _Jumping(selectors.DefaultSelector):
    """Never waits: what it was asked to wait has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; else let the time pass."""
        ready = super().select(0)
        if not ready:
            assert timeout is not None, "all wait for ever"
            self.now += timeout
        return ready


class _Loop(asyncio.SelectorEventLoop):
    """A loop by that clock."""

    def __init__(self) -> None:
        self._clock = _Jumping()
        super().__init__(self._clock)

    def time(self) -> float:
        """Return the clock's time."""
        return self._clock.now


def jumping(work: Coroutine[None, None, T]) -> T:
    """Run *work* to its end in a moment, however long it takes by its own clock."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)
