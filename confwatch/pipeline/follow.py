"""Keeps one mirror equal to its store; the one place where sources are retried."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from confwatch.aio.backoff import Backoff
from confwatch.contracts import Source, Subscription
from confwatch.errors import SourceDenied, SourceError, SourceMissed, SourceRejected
from confwatch.mirror.mirror import Mirror
from confwatch.model.events import Loaded, StoreEvent
from confwatch.model.facts import SourceBack, SourceFailed, Tell
from confwatch.model.keys import Key

FIRST_WAIT_S = 0.2
MOST_WAIT_S = 30.0
REJECTED_WAIT_S = 2.0
"""A refusal rarely heals by itself: the store is not asked more often than this."""
LOOK_S = 1.0
"""How soon a resumed store that has nothing new to tell is seen to be back."""
HEALTHY_S = 60.0
"""A store that answers for this long is well again; one that comes and goes is not."""


class Follower:
    """One store, its mirror, and the subscription between them.

    Attributes:
        mirror: what is known of the store.
        lock: held by whoever reads the mirror in another thread, so that events wait.
        error: why the store cannot be read now; None while it tells.
        missed: how often a look beside the watch found what it had not told.
        failing_since: the loop's time of the first failure in a row.
    """

    def __init__(self, store: str, source: Source, tell: Tell) -> None:
        self.source = source
        self.mirror = Mirror(store)
        self.lock = asyncio.Lock()
        self.error: SourceError | None = None
        self.missed = 0
        self.failing_since: float | None = None
        self._tell = tell
        self._subscription: Subscription | None = None
        self._cover: frozenset[Key] = frozenset()
        # All random: after an outage a whole fleet would ask at the same moment.
        self._backoff = Backoff(FIRST_WAIT_S, MOST_WAIT_S, jitter=1.0)
        self._well_since: float | None = None
        self._failed_at = 0.0
        self._covered_at = 0.0

    def cover(self, prefixes: frozenset[Key]) -> None:
        """Widen or narrow what the store is asked to tell."""
        if prefixes == self._cover:
            return
        self._cover = prefixes
        self._covered_at = asyncio.get_running_loop().time()
        self.mirror.narrow(prefixes)
        if not prefixes:
            # Nobody asks it for anything: how it is does not matter, and is not known.
            self.error = self.failing_since = None
        if self._subscription is not None:
            self._subscription.cover(prefixes)

    def moved_at(self) -> float | None:
        """Tell when the store last showed that it is alive, on the loop's clock."""
        return self._subscription.moved_at() if self._subscription else None

    def last_sign(self) -> float | None:
        """Tell when the store last moved or failed; None where nothing is asked."""
        if not self._cover or self._subscription is None:
            return None
        return max(self._subscription.moved_at(), self._failed_at, self._covered_at)

    async def run(self, take: Callable[[Mirror, StoreEvent], None]) -> None:
        """Hand every event to *take*, which brings it into the mirror, for ever."""
        async with self.source.subscribe(self._cover) as subscription:
            self._subscription = subscription
            # What was asked for while the subscription was being opened.
            subscription.cover(self._cover)
            try:
                while True:
                    event = await self._next(subscription)
                    async with self.lock:
                        take(self.mirror, event)
                        # A picture that was on its way when the cover narrowed: of
                        # what is beyond it nobody will tell the changes.
                        if isinstance(event, Loaded):
                            self.mirror.narrow(self._cover)
            finally:
                self._subscription = None

    async def _next(self, subscription: Subscription) -> StoreEvent:
        """Return the next event, however many attempts that takes."""
        while True:
            try:
                with self._looking_for_life(subscription):
                    event = await subscription.next()
            except SourceDenied as error:
                self._denied(error)
            except SourceError as error:
                await asyncio.sleep(self._failed(error))
            else:
                self._recovered(subscription)
                return event

    @contextmanager
    def _looking_for_life(self, subscription: Subscription) -> Iterator[None]:
        """See a store come back also where it has no event to tell."""
        loop = asyncio.get_running_loop()
        timer: asyncio.TimerHandle | None = None

        def look() -> None:
            nonlocal timer
            if subscription.moved_at() > self._failed_at:
                self._recovered(subscription)
            else:
                timer = loop.call_later(LOOK_S, look)

        if self.error is not None:
            timer = loop.call_later(LOOK_S, look)
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()

    def _failed(self, error: SourceError) -> float:
        """Tell the failure and return how long to wait before the next attempt."""
        now = asyncio.get_running_loop().time()
        if self._well_since is not None and now - self._well_since > HEALTHY_S:
            self._backoff.reset()
        self._well_since = None
        self._failed_at = now
        self.missed += isinstance(error, SourceMissed)
        self.error = error
        if self.failing_since is None:
            self.failing_since = now
        wait_s = self._backoff.next()
        if isinstance(error, SourceRejected):
            wait_s = max(wait_s, REJECTED_WAIT_S)
        store = self.mirror.store
        self._tell(SourceFailed(store, error, self._backoff.failures, wait_s))
        return wait_s

    def _denied(self, error: SourceDenied) -> None:
        """Tell of prefixes that may not be read; the others go on."""
        now = asyncio.get_running_loop().time()
        self.error, self.failing_since = error, self.failing_since or now
        self._tell(SourceFailed(self.mirror.store, error, 1, 0.0))

    def _recovered(self, subscription: Subscription) -> None:
        """Note that the store tells again, all or what it lets us read."""
        if self._well_since is None:
            self._well_since = asyncio.get_running_loop().time()
        refused = subscription.refused()
        if self.error is not None and refused is None:
            self._tell(SourceBack(self.mirror.store, self._backoff.failures))
        if refused is None:
            self.failing_since = None
        self.error = refused
