"""Targets that are not as they were left: put right, reported, or not fought over."""

import asyncio
from collections import deque
from collections.abc import Mapping

from confwatch.model.facts import Cause, Drifted, Reason, Tell
from confwatch.model.resource import Resource
from confwatch.model.steps import Known, Mark

FIGHT_TIMES = 3
FIGHT_S = 60.0
"""Put right this often in this time, somebody else wants the target otherwise."""


class Drift:
    """What one resource left in place, and how often it had to be put right.

    Attributes:
        seen: the targets that are others now and are left so.
        known: how the last pass left the targets.
    """

    def __init__(self, resource: Resource, tell: Tell) -> None:
        self.seen: tuple[str, ...] = ()
        self._resource = resource
        self._tell = tell
        self.known: Known = {}
        self._repairs: deque[float] = deque(maxlen=FIGHT_TIMES)

    def left(self, known: Known, *, repaired: bool) -> None:
        """Note how a pass left the targets, and whether it was to put them right."""
        self.known = known
        self.seen = ()
        if repaired:
            self._repairs.append(asyncio.get_running_loop().time())

    def put_back(self, now: Mapping[str, Mark]) -> None:
        """Note what a refused pass put back: what is other now has to be read again.

        Args:
            now: marks of the targets that were put back.
        """
        self.known = {
            dest: (mark, digest)
            for dest, (mark, digest) in self.known.items()
            if now.get(dest, mark) == mark
        }

    def judge(self, now: Mapping[str, Mark]) -> Cause | None:
        """Return why a pass is to be made; None where there is nothing to put right.

        Args:
            now: marks of targets, of other resources too.
        """
        left = self.known.items()
        other = tuple(dest for dest, (mark, _) in left if now.get(dest, mark) != mark)
        if not other:
            self.seen = tuple(dest for dest in self.seen if dest not in now)
            return None
        fight = self._is_fight()
        if self._resource.repair_drift and not fight:
            return Cause(frozenset({Reason.DRIFT}), other, len(other))
        if other != self.seen:
            self.seen = other
            self._tell(Drifted(self._resource.name, other, fight))
        return None

    def _is_fight(self) -> bool:
        """Tell whether the last repairs came too close upon each other."""
        now = asyncio.get_running_loop().time()
        full = len(self._repairs) == FIGHT_TIMES
        return full and now - self._repairs[0] < FIGHT_S
