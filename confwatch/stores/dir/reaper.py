"""Ends the leases of a folder whose beat stands still.

Whoever reads the store, or announces in it, looks: a lease whose beat has stood still
for its ttl is dead. Only the looker's own clock counts, and only while it was awake:
who slept as well cannot tell who else did.
"""

import asyncio
import contextlib
import math
import time
from dataclasses import dataclass
from functools import partial

from confwatch.aio.threads import finish
from confwatch.stores.dir.leases import LeaseFolder

LOOK_S = 1.0
LEAST_LOOK_S = 0.05
LOOKS_A_TTL = 5
COST = 10
"""A look costs at most this part of the time: many leases are looked at more seldom."""
SLEPT = 3
"""A look that comes after so many times its rest comes from a looker that slept."""
SETTLED_NS = 2_000_000_000
"""A folder whose time is so old has changed no more within the same tick."""


@dataclass(slots=True)
class _Seen:
    """A lease as it was at the last look.

    Attributes:
        signature: of its file.
        beat: its number then.
        ttl: it may stand still for so long.
        still_s: for how long it did, as far as somebody looked.
    """

    signature: tuple[int, int, int]
    beat: int
    ttl: float
    still_s: float = 0.0


class Reaper:
    """Looks at all leases of one store, again and again."""

    def __init__(self, root: str) -> None:
        self._leases = LeaseFolder(root)
        self._seen: dict[str, _Seen] = {}
        self._looked_at: float | None = None
        self._empty = False
        self._empty_at: int | None = None

    async def run(self) -> None:
        """Look for ever; a folder that is not there has no leases."""
        loop = asyncio.get_running_loop()
        rest_s = LOOK_S
        while True:
            now = loop.time()
            with contextlib.suppress(OSError):
                if not self.is_empty():
                    await finish(partial(self.look, now, SLEPT * rest_s))
            rest_s = max(COST * (loop.time() - now), self._rest_s())
            await asyncio.sleep(rest_s)

    def is_empty(self) -> bool:
        """Tell whether there was no lease at the last look, and none came since.

        Raises:
            OSError: there is no folder of leases.
        """
        changed_at = self._leases.changed_at()
        if self._empty and changed_at == self._empty_at:
            return True
        settled = time.time_ns() - changed_at > SETTLED_NS
        # The look comes after it: a lease that comes meanwhile is seen, or moves it on.
        self._empty_at = changed_at if settled else None
        return False

    def look(self, now: float, most_s: float) -> None:
        """Look at all beats once. Blocks.

        Args:
            now: seconds on any clock of ours that never goes back.
            most_s: what counts at most of the time since the last look.
        """
        passed_s = 0.0 if self._looked_at is None else now - self._looked_at
        self._looked_at = now
        seen = {}
        names = self._leases.names()
        self._empty = not names
        for name in names:
            with contextlib.suppress(OSError):  # one that cannot be read hides no other
                found = self._see(name, min(passed_s, most_s))
                if found is not None:
                    seen[name] = found
                    if found.still_s > found.ttl:
                        self._reap(name, found.beat)
        self._seen = seen

    def _see(self, name: str, passed_s: float) -> _Seen | None:
        """Return how long a lease stands still; None where it is none."""
        signature = self._leases.signature(name)
        before = self._seen.get(name)
        if before is None or before.signature != signature:
            lease = self._leases.read(name)
            if lease is None:
                return None
            if before is None or before.beat != lease.beat:
                return _Seen(signature, lease.beat, lease.ttl)
            before.signature, before.ttl = signature, lease.ttl
        before.still_s += passed_s
        return before

    def _rest_s(self) -> float:
        """Return how long to wait: a dead lease stands at most a fifth longer."""
        shortest = min((one.ttl for one in self._seen.values()), default=math.inf)
        return max(LEAST_LOOK_S, min(LOOK_S, shortest / LOOKS_A_TTL))

    def _reap(self, name: str, beat: int) -> None:
        """End a lease, unless it has beaten just now."""
        with self._leases.locked():
            lease = self._leases.read(name)
            if lease is not None and lease.beat == beat:
                self._leases.end(name)
