"""How much change is too much. Pure."""

from collections import deque

from confwatch.model.service import Flap


class Changes:
    """The recent changes of one service's verdict.

    Attributes:
        count: of all changes so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._recent: deque[float] = deque()

    def add(self, now: float, flap: Flap) -> None:
        """Note one change.

        Args:
            now: seconds on any clock that never goes back.
            flap: how many changes are too many.
        """
        self.count += 1
        self._recent.append(now)
        self._forget(now, flap)

    def held_s(self, now: float, flap: Flap) -> float:
        """Return for how long it is held down yet; 0 where it is calm.

        Once there were too many, nothing but ``per`` without any change ends it.
        """
        self._forget(now, flap)
        if len(self._recent) <= flap.max_changes:
            return 0.0
        return self._recent[-1] + flap.per_s - now

    def _forget(self, now: float, flap: Flap) -> None:
        """Drop what is over, but nothing while it is held."""
        recent = self._recent
        if recent and recent[-1] + flap.per_s <= now:
            recent.clear()
        if len(recent) <= flap.max_changes:
            while recent and recent[0] + flap.per_s <= now:
                recent.popleft()
        while len(recent) > flap.max_changes + 1:
            recent.popleft()
