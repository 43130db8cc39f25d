"""Holds one lease and keeps the records under it as they shall be.

All services of one store and one TTL share a keeper. A connection that breaks is no
loss: only a lease that the store no longer knows makes the keeper start again.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from confwatch.aio.backoff import Backoff
from confwatch.aio.spread import spread
from confwatch.contracts import Registrar, Session
from confwatch.errors import ConfwatchError, LeaseLost, SourceError
from confwatch.model.facts import RegistrationState
from confwatch.model.keys import Key
from confwatch.model.service import Service, ServiceRef
from confwatch.registration.bringing import Bringer
from confwatch.registration.describe import Describer
from confwatch.registration.leases import Leases
from confwatch.registration.ledger import Ledger
from confwatch.registration.moves import Lease
from confwatch.registration.wanted import Wanted

FIRST_RETRY_S = 0.5
RECALL_S = 60.0
"""A living lease does not prove that its keys exist: they are looked at this often."""
JITTER = 0.1
"""Part of a renewal's wait that is random, so that a fleet does not beat in step."""


@dataclass(frozen=True, slots=True)
class Place:
    """One store to announce in.

    Attributes:
        name: as the settings call it.
        registrar: its write side.
        host: where it is, for ``address: auto``; None where it is on this machine.
    """

    name: str
    registrar: Registrar
    host: str | None


class Ending(Enum):
    """What becomes of the records when the keeper ends."""

    WITHDRAW = "withdraw"
    DETACH = "detach"
    """They stand for the rest of their TTL, for the next start to adopt."""


class Keeper:
    """One lease in one store.

    Attributes:
        bringer: the records under it.
        confirmed_at: the boot clock's time of the last answer that confirmed the
            lease; None where none is held.
        renewals: how often it was confirmed.
        idle: whether it holds no lease, and needs none.
    """

    def __init__(
        self,
        place: Place,
        lease: Lease,
        leases: Leases,
        ledger: Ledger,
        describer: Describer,
    ) -> None:
        self.confirmed_at: float | None = None
        self.renewals = 0
        self.name = str(lease)
        self._place = place
        self._ttl_s = ttl_s = lease.ttl_s
        self._leases = leases
        self._ledger = ledger
        self.bringer = Bringer(ledger, describer, ttl_s)
        self._wanted: dict[ServiceRef, Wanted] = {}
        self._bell = asyncio.Event()
        self._ending: Ending | None = None
        self.idle = False
        self._beat_at = 0.0
        self._recall_at = 0.0
        self._doubted = False
        self._backoff = Backoff(FIRST_RETRY_S, max(ttl_s / 3, FIRST_RETRY_S), 0.5)
        self._misses = Backoff(FIRST_RETRY_S, max(ttl_s / 3, FIRST_RETRY_S), 0.5)

    @property
    def keys(self) -> frozenset[Key]:
        """The keys that it knows to stand under its lease."""
        return self.bringer.holdings.keys

    def hold(
        self,
        wanted: Mapping[ServiceRef, Wanted],
        leaving: Iterable[Service],
        siblings: Iterable["Keeper"],
    ) -> None:
        """Bring about from now on what is *wanted*.

        Args:
            wanted: all services of this lease.
            leaving: what stands of these stays until their successors stand.
            siblings: the keepers of other leases in the same store: what is under
                theirs is ours as well.
        """
        self._wanted = dict(wanted)
        beside = [one.bringer.holdings for one in siblings]
        self.bringer.aim(self._wanted, leaving, beside)
        self._bell.set()

    def end(self, ending: Ending) -> None:
        """Let ``run`` return once the records are as *ending* says."""
        self._ending = ending
        self.bringer.interrupt()
        self._bell.set()

    async def run(self) -> None:
        """Keep the lease for as long as a service deserves it, until told to end."""
        while self._ending is None or self._to_be_withdrawn():
            if not self._deserving() and self._leases.of(self.name) is None:
                self.bringer.settle()
                self.idle = True
                await self._rung(None)
                self.idle = False
                continue
            self.bringer.expect()
            try:
                await self._session()
            except LeaseLost as error:
                self._lost(error)
                wait_s = self._backoff.next()
                if wait_s > FIRST_RETRY_S:
                    # At once the first time, but not in a loop where no lease lives.
                    await self._rung(wait_s)
            except SourceError as error:
                if _cancelled():
                    # A session that cannot be closed must not hide that it should be.
                    raise asyncio.CancelledError from error
                self._failed(error)
                await self._rung(self._backoff.next())

    async def _session(self) -> None:
        """Open a session, or adopt one, and hold it until nothing needs it any more."""
        standing = self._leases.of(self.name)
        async with self._place.registrar.open(self._ttl_s, standing) as session:
            try:
                await self._hold(session)
            except asyncio.CancelledError:
                session.detach()  # at once: what stands goes with its TTL
                raise
            if self._ending is Ending.DETACH:
                session.detach()
        if self._ending is not Ending.DETACH:
            self.bringer.holdings.begin(None)
            self.confirmed_at = None
            await self._leases.keep(self.name, None)

    async def _hold(self, session: Session) -> None:
        """Keep the lease alive and the records under it as they should be."""
        self.bringer.holdings.begin(session)
        self._doubted = False
        self._confirmed()
        await self._leases.keep(self.name, session.state)
        retries = Backoff(FIRST_RETRY_S, max(self._refresh_s(), FIRST_RETRY_S), 0.5)
        while self._ending is None:
            sure = await self._beat_if_due(session)
            done = sure and await self.bringer.bring(session, self._beat_if_due)
            await self._leases.keep(self.name, session.state)
            if self._is_ending() or not self._needed(session):
                return
            wait_s = self._beat_at - _now()
            if done:
                retries.reset()
            else:
                wait_s = min(wait_s, retries.next())
            await self._rung(max(wait_s, 0.0))

    async def _beat_if_due(self, session: Session) -> bool:
        """Renew the lease where it is time for that; False where it may be lost.

        Raises:
            LeaseLost: the store does not know it any more.
        """
        if _now() < self._beat_at:
            return not self._doubted
        if self._silent_s() > self._ttl_s:
            # Before anything is sent: we may have slept for longer than it lives.
            self._unsure(f"not confirmed for {self._silent_s():.0f} s")
        try:
            await self._renew(session)
        except SourceError as error:
            # Soon, for the lease may not live until the next one would be due.
            self._beat_at = _now() + min(self._wait_s(), self._misses.next())
            self.bringer.note(error)
            if self._silent_s() > self._ttl_s:
                self._unsure(str(error))
        return not self._doubted

    async def _renew(self, session: Session) -> None:
        """Renew the lease, and now and then ask what stands under it."""
        await session.renew()
        self._confirmed()
        self._backoff.reset()
        self.renewals += 1
        if self._doubted or _now() >= self._recall_at:
            await self.bringer.holdings.recall(session)
            self._recall_at = _now() + RECALL_S
            self._doubted = False

    def _confirmed(self) -> None:
        """Note that the store knows our lease now."""
        self.confirmed_at = _now()
        self._misses.reset()
        self._beat_at = _now() + self._wait_s()

    def _silent_s(self) -> float:
        """Return for how long nobody confirmed the lease."""
        return 0.0 if self.confirmed_at is None else _now() - self.confirmed_at

    def _unsure(self, problem: str) -> None:
        """Tell a loss: after a TTL without an answer nobody knows what stands.

        The lease may live all the same: a store that was restarted with its data gives
        it a whole TTL once more. So it is asked for before a new one is made.
        """
        if not self._doubted:
            self._doubted = True
            self._lost(LeaseLost(self._place.name, problem))

    def _lost(self, error: LeaseLost) -> None:
        for one in self._deserving():
            self._ledger.enter(one.service.ref, RegistrationState.LOST, error=error)

    def _failed(self, error: ConfwatchError) -> None:
        """Note that no session could be opened, or closed."""
        for ref, one in self._wanted.items():
            lost = self._ledger.state(ref) is RegistrationState.LOST
            if one.status is None or lost or self._ending is not None:
                self._ledger.note(ref, error)
            else:
                self._ledger.enter(ref, RegistrationState.REGISTERING, error=error)

    def _is_ending(self) -> bool:
        return self._ending is not None

    def _to_be_withdrawn(self) -> bool:
        """Tell whether something stands that was to be withdrawn."""
        standing = self._leases.of(self.name) is not None
        return self._ending is Ending.WITHDRAW and standing

    def _needed(self, session: Session) -> bool:
        """Tell whether anything stands, or should stand, under the lease."""
        return bool(self._deserving() or session.state.keys)

    def _deserving(self) -> list[Wanted]:
        """List what shall stand."""
        return [one for one in self._wanted.values() if self.bringer.deserves(one)]

    def _refresh_s(self) -> float:
        """Return the wait between renewals: the shortest one asked for."""
        asked = (one.service.refresh_s for one in self._wanted.values())
        return min(asked, default=self._ttl_s / 3)

    def _wait_s(self) -> float:
        return spread(self._refresh_s(), JITTER)

    async def _rung(self, wait_s: float | None) -> bool:
        """Wait until somebody has news for the keeper; False where time ran out."""
        try:
            async with asyncio.timeout(wait_s):
                await self._bell.wait()
        except TimeoutError:
            return False
        self._bell.clear()
        return True


def _now() -> float:
    """Return the boot clock, which goes on while the machine is suspended."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def _cancelled() -> bool:
    """Tell whether the task that asks is being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
