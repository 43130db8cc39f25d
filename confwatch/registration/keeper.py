"""Holds one lease and keeps the records under it true.

All services of one store and one TTL share a keeper. A connection that breaks is no
loss: only a lease that the store no longer knows makes the keeper start again.
"""

import asyncio
import random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from confwatch.aio.backoff import Backoff
from confwatch.contracts import Claim, Registrar, Session
from confwatch.errors import (
    ConfwatchError,
    LeaseLost,
    RegistrationRejected,
    SourceError,
)
from confwatch.model.facts import RegistrationChanged, RegistrationState, Tell
from confwatch.model.keys import Key
from confwatch.model.service import Record, Service
from confwatch.registration.address import Addresses
from confwatch.registration.formats import json_record, key_of
from confwatch.registration.leases import Leases

FIRST_RETRY_S = 0.5
VERIFY_S = 60.0
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
        states: by service id, where its registration stands.
        errors: by service id, the last thing that went wrong; gone when it is up.
        losses: how often the lease was lost.
        confirmed_at: the loop's time of the last answer that confirmed the lease.
    """

    def __init__(self, place: Place, ttl_s: float, leases: Leases, tell: Tell) -> None:
        self.states: dict[str, RegistrationState] = {}
        self.errors: dict[str, ConfwatchError] = {}
        self.losses = 0
        self.confirmed_at: float | None = None
        self._place = place
        self._ttl_s = ttl_s
        self._name = f"{place.name} {ttl_s:g}s"
        self._addresses = Addresses(place.host)
        self._leases = leases
        self._tell = tell
        self._services: dict[str, Service] = {}
        self._gates: dict[str, bool | None] = {}
        self._bell = asyncio.Event()
        self._ending: Ending | None = None

    def hold(
        self, services: Mapping[str, Service], gates: Mapping[str, bool | None]
    ) -> None:
        """Announce from now on the *services* whose gate is open.

        Args:
            services: all that are configured for this lease, by id.
            gates: by id; None while undecided: it is not announced, but what an earlier
                run announced stands.
        """
        for gone in self.states.keys() - services.keys():
            self._enter(gone, RegistrationState.OFF)
            del self.states[gone]
        self._services, self._gates = dict(services), dict(gates)
        for service in services:
            if service not in self.states:
                self._enter(service, RegistrationState.GATED)
        self._bell.set()

    def end(self, ending: Ending) -> None:
        """Let ``run`` return once the records are as *ending* says."""
        self._ending = ending
        self._bell.set()

    async def run(self) -> None:
        """Keep the lease for as long as a service deserves it, until told to end."""
        backoff = Backoff(FIRST_RETRY_S, max(self._refresh_s(), FIRST_RETRY_S), 0.5)
        while self._ending is None or self._left_standing():
            if not self._deserving() and self._leases.of(self._name) is None:
                await self._rung(None)
                continue
            try:
                await self._session(backoff)
            except LeaseLost as error:
                self.losses += 1
                self._enter_up(RegistrationState.LOST, error)
            except SourceError as error:
                if _cancelled():
                    # A session that cannot be closed must not hide that it should be.
                    raise asyncio.CancelledError from error
                self._enter_up(RegistrationState.REGISTERING, error)
                await self._rung(backoff.next())

    def _is_ending(self) -> bool:
        return self._ending is not None

    def _left_standing(self) -> bool:
        """Tell whether something stands that was to be withdrawn."""
        standing = self._leases.of(self._name) is not None
        return self._ending is Ending.WITHDRAW and standing

    async def _session(self, backoff: Backoff) -> None:
        """Open a session, or adopt one, and hold it until nothing needs it any more."""
        standing = self._leases.of(self._name)
        async with self._place.registrar.open(self._ttl_s, standing) as session:
            backoff.reset()
            try:
                await self._hold(session)
            except asyncio.CancelledError:
                session.detach()  # at once: what stands goes with its TTL
                raise
            if self._ending is Ending.DETACH:
                session.detach()
        if self._ending is not Ending.DETACH:
            await self._leases.keep(self._name, None)

    async def _hold(self, session: Session) -> None:
        """Keep the lease alive and the records under it as they should be."""
        loop = asyncio.get_running_loop()
        written: dict[Key, Record] = {}
        verified_at = loop.time()
        self.confirmed_at = loop.time()
        while not self._is_ending():
            if loop.time() - verified_at > VERIFY_S:
                written.clear()
                verified_at = loop.time()
            await self._bring(session, written)
            await self._leases.keep(self._name, session.state)
            if self._is_ending() or not self._needed(session):
                return
            wait_s = self._refresh_s() * (1 + JITTER * (2 * random.random() - 1))  # noqa: S311 - no secret
            if not await self._rung(wait_s):
                await self._renew(session, written)

    async def _bring(self, session: Session, written: dict[Key, Record]) -> None:
        """Write the records that are missing and withdraw those that must not stand."""
        deserving = self._deserving()
        wanted = {key_of(one): one for one in deserving}
        undecided = {
            key_of(one) for one in self._services.values() if self._gate(one) is None
        }
        for key in {*session.state.keys} - wanted.keys() - undecided:
            await self._withdraw(session, key)
            written.pop(key, None)
        for key, service in wanted.items():
            address = await self._addresses.of(service.address[0])
            record = json_record(service, address)
            if written.get(key) == record:
                continue
            if await self._write(session, service, record):
                written[key] = record

    async def _write(self, session: Session, service: Service, record: Record) -> bool:
        """Write one record; False where it has to be tried again."""
        try:
            await session.put(record, Claim.SAME)
        except (SourceError, RegistrationRejected) as error:
            self._enter(service.id, RegistrationState.REGISTERING, error)
            return False
        self._enter(service.id, RegistrationState.UP)
        return True

    async def _withdraw(self, session: Session, key: Key) -> None:
        """Remove one record; where the store does not answer, the next round tries."""
        with suppress(SourceError):
            await session.withdraw(key)
        for service in self._services.values():
            if key_of(service) == key:
                self._enter(service.id, RegistrationState.GATED)

    async def _renew(self, session: Session, written: dict[Key, Record]) -> None:
        """Keep the lease alive; an answer that fails to come is not yet a loss.

        After a TTL without one nobody knows whether the records still stand.
        """
        now = asyncio.get_running_loop().time
        try:
            await session.renew()
        except SourceError as error:
            for service in self._deserving():
                self.errors[service.id] = error
            if now() - (self.confirmed_at or 0.0) > self._ttl_s:
                written.clear()
                self._enter_up(RegistrationState.REGISTERING, error)
        else:
            self.confirmed_at = now()

    def _needed(self, session: Session) -> bool:
        """Tell whether anything stands, or should stand, under the lease."""
        return bool(self._deserving() or session.state.keys)

    def _deserving(self) -> list[Service]:
        """List the services whose gate is open."""
        return [one for one in self._services.values() if self._gate(one)]

    def _gate(self, service: Service) -> bool | None:
        return self._gates.get(service.id)

    def _refresh_s(self) -> float:
        """Return the wait between renewals: the shortest one asked for."""
        asked = [one.refresh_s for one in self._services.values()]
        return min(asked, default=self._ttl_s / 3)

    async def _rung(self, wait_s: float | None) -> bool:
        """Wait until somebody has news for the keeper; False where time ran out."""
        try:
            async with asyncio.timeout(wait_s):
                await self._bell.wait()
        except TimeoutError:
            return False
        self._bell.clear()
        return True

    def _enter_up(self, state: RegistrationState, error: ConfwatchError) -> None:
        """Move all that is announced, or should be, into another state."""
        for service in self._deserving():
            self._enter(service.id, state, error)

    def _enter(
        self,
        service: str,
        state: RegistrationState,
        error: ConfwatchError | None = None,
    ) -> None:
        """Note where a registration stands, and tell it where that is new."""
        if error is None:
            self.errors.pop(service, None)
        else:
            self.errors[service] = error
        before = self.states.get(service)
        self.states[service] = state
        declared = self._services.get(service)
        if before is not state and declared is not None:
            key = key_of(declared)
            place = self._place.name
            self._tell(RegistrationChanged(service, place, key, state, error))


def _cancelled() -> bool:
    """Tell whether the task that asks is being cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
