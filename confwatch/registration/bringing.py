"""One round of a keeper: records that shall stand are put, all others withdrawn.

What deserves it no longer goes first; what was replaced goes last, once its successor
stands, so that readers never find nothing in between.
"""

from collections.abc import (
    Awaitable,
    Callable,
    Iterable,
    Mapping,
    Sequence,
)
from dataclasses import dataclass

from confwatch.contracts import Session
from confwatch.errors import (
    ConfwatchError,
    KeyHeld,
    NoAddress,
    RegistrationRejected,
    SourceError,
    SourceUnavailable,
)
from confwatch.model.facts import RegistrationState
from confwatch.model.formats import key_of
from confwatch.model.health import Status
from confwatch.model.keys import Key
from confwatch.model.service import Record, Service, ServiceRef
from confwatch.registration.describe import Describer
from confwatch.registration.holdings import Holdings
from confwatch.registration.ledger import Ledger
from confwatch.registration.refusals import Refusals
from confwatch.registration.wanted import Wanted

STANDS = "its record stands meanwhile"
WAITED = frozenset(
    {
        RegistrationState.GATED,
        RegistrationState.CHECKING,
        RegistrationState.DOWN,
        RegistrationState.FLAPPING,
        RegistrationState.DRAINED,
    }
)
"""What a service comes from once it deserves a record; the store may take its time."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round shall bring about, whatever is wanted meanwhile.

    Attributes:
        session: the lease that is worked on.
        wanted: by registration.
        records: of those that shall stand.
        kept: keys that stay as they are: nothing is decided about them.
        beat: keeps the lease alive; called between requests. False ends the round:
            nobody knows what stands.
    """

    session: Session
    wanted: Mapping[ServiceRef, Wanted]
    records: Mapping[ServiceRef, Record]
    kept: frozenset[Key]
    beat: Callable[[Session], Awaitable[bool]]


class Bringer:
    """Brings about what shall stand under one lease.

    Attributes:
        holdings: what does stand.
    """

    def __init__(self, ledger: Ledger, describer: Describer, ttl_s: float) -> None:
        self.holdings = Holdings(ledger, ttl_s)
        self._ledger = ledger
        self._describer = describer
        self._wanted: Mapping[ServiceRef, Wanted] = {}
        self._leaving: Sequence[Service] = ()
        self._refusals = Refusals()
        self._news = False

    def aim(
        self,
        wanted: Mapping[ServiceRef, Wanted],
        leaving: Iterable[Service],
        siblings: Sequence[Holdings],
    ) -> None:
        """Bring about in the next round what is *wanted*; see ``Keeper.hold``."""
        self._wanted, self._leaving = wanted, [*leaving]
        self.holdings.aim(wanted, siblings)
        self._refusals.keep(wanted)
        self._describer.keep({*wanted, *(one.ref for one in self._leaving)})
        self.interrupt()

    def interrupt(self) -> None:
        """Let a round end early: in a slow store it could last for minutes."""
        self._news = True

    def note(self, error: ConfwatchError) -> None:
        """Note what went wrong with the lease, for all services of it."""
        for ref in self._wanted:
            self._ledger.note(ref, error)

    def expect(self) -> None:
        """Enter that what deserves a record waits for the store's word."""
        for ref, one in self._wanted.items():
            if self.deserves(one):
                self._expect(ref)

    def settle(self) -> None:
        """Enter where everything stands that needs no store."""
        for ref, one in self._wanted.items():
            if not self.deserves(one):
                self._ledger.enter(ref, one.state, why=one.why)

    def deserves(self, one: Wanted) -> bool:
        """Tell whether a record shall stand, also where none does now.

        What is only to be changed where it stands is made again if it stood before.
        """
        stood = self._ledger.stood(one.service.ref)
        return one.status is not None and (stood or not one.rewrite)

    async def bring(
        self, session: Session, beat: Callable[[Session], Awaitable[bool]]
    ) -> bool:
        """Make one round; False where something has to be tried again soon.

        Args:
            session: the lease to work on.
            beat: see ``Round``.

        Raises:
            LeaseLost: the store does not know the lease any more.
        """
        self._news = False
        wanted = dict(self._wanted)
        self.holdings.own(wanted.values())
        records = await self._described(wanted)
        self.holdings.share_out(records)
        now = Round(session, wanted, records, await self._kept(wanted), beat)
        try:
            done = await self._withdraw_undeserving(now)
            done = await self._put_all(now) and done
            return await self._withdraw_replaced(now) and done
        except SourceUnavailable as error:
            self.note(error)
            return False

    async def _described(
        self, wanted: dict[ServiceRef, Wanted]
    ) -> dict[ServiceRef, Record]:
        """Make the records that shall stand; without an address none shall."""
        records = {}
        for ref, one in [*wanted.items()]:
            if one.status is None:
                continue
            try:
                record = await self._describer.record(one.service, one.status)
            except NoAddress as error:
                state = RegistrationState.REGISTERING
                wanted[ref] = Wanted(one.service, state, error=error)
                continue
            except RegistrationRejected as error:
                self._enter(ref, RegistrationState.REGISTERING, error=error)
                continue
            if not self.deserves(one) and record.key not in self.holdings.keys:
                self._enter(ref, one.state, why=one.why)
            else:
                records[ref] = record
        return records

    async def _kept(self, wanted: Mapping[ServiceRef, Wanted]) -> frozenset[Key]:
        """List the keys that stay as they are."""
        kept, stand = set[Key | None](), self.holdings.keys
        for one in wanted.values():
            if one.undecided:
                key = await self._key(one.service)
                kept.add(key)
                stands = STANDS if key in stand else ""
                why = "; ".join(part for part in (one.why, stands) if part)
                self._enter(one.service.ref, one.state, why=why)
        for service in self._leaving:
            kept.add(await self._key(service))
        return frozenset(key for key in kept if key is not None)

    async def _key(self, service: Service) -> Key | None:
        """Return where the record of a service stands; None where nobody knows."""
        key = key_of(service)
        if key is not None:
            return key
        try:
            record = await self._describer.record(service, Status.PASSING)
        except RegistrationRejected:
            return None
        return record.key

    async def _withdraw_undeserving(self, now: Round) -> bool:
        """Withdraw what deserves it no longer, and is not just being replaced."""
        heirs = self.holdings.heirs
        gone = [key for key in self._stale(now) if not heirs(key, now.wanted)]
        done = await self._withdraw_all(now, gone)
        for ref, one in now.wanted.items():
            if done and one.status is None and not one.undecided:
                self._enter(ref, one.state, why=one.why, error=one.error)
        return done

    async def _withdraw_replaced(self, now: Round) -> bool:
        """Withdraw what was replaced, once its successors stand."""
        heirs = self.holdings.heirs
        gone = [
            key
            for key in self._stale(now)
            if all(self._succeeded(now, one) for one in heirs(key, now.wanted))
        ]
        return await self._withdraw_all(now, gone)

    async def _withdraw_all(self, now: Round, keys: Iterable[Key]) -> bool:
        """Withdraw these; False where some have to be tried again."""
        done = True
        for key in keys:
            if not await now.beat(now.session):
                return False
            done = await self._withdraw(now, key) and done
            if self._news:
                return False
        return done

    async def _put_all(self, now: Round) -> bool:
        """Put what does not stand; False where some has to be tried again."""
        done = True
        for ref in now.records:
            if not await now.beat(now.session):
                return False
            if self._is_settled(now, ref):
                continue
            if self._is_refused(now, ref):
                done = False
                continue
            done = await self._put(now, ref) and done
            if self._news:
                return False
        return done

    def _stale(self, now: Round) -> set[Key]:
        """List what stands and shall not."""
        wanted = {record.key for record in now.records.values()}
        return {*self.holdings.keys} - wanted - now.kept

    def _succeeded(self, now: Round, heir: ServiceRef) -> bool:
        """Tell whether a successor stands, or will not for now."""
        if heir not in now.wanted:
            return self._ledger.settled(heir)
        record = now.records.get(heir)
        if record is None:
            return False
        conflict = self._ledger.state(heir) is RegistrationState.CONFLICT
        return conflict or self.holdings.stands(record.key) is not None

    async def _withdraw(self, now: Round, key: Key) -> bool:
        """Withdraw one record; False where it has to be tried again.

        Raises:
            SourceUnavailable: the store does not answer.
        """
        try:
            await now.session.withdraw(key)
        except SourceUnavailable:
            raise
        except SourceError as error:
            owner = self.holdings.owner(key)
            if owner is not None:
                self._ledger.note(owner, error)
            return False
        self.holdings.gone(key)
        return True

    def _is_settled(self, now: Round, ref: ServiceRef) -> bool:
        """Note where a record stands; False where that takes a request."""
        record = now.records[ref]
        error = self.holdings.hindrance(ref, record.key)
        if error is not None:
            self._enter(ref, RegistrationState.CONFLICT, error=error)
            return True
        if self.holdings.stands(record.key) != record.digest:
            return False
        self._placed(now, ref)
        return True

    def _is_refused(self, now: Round, ref: ServiceRef) -> bool:
        """Tell whether the store is not to be asked for a record yet."""
        error = self._refusals.of(ref, now.records[ref])
        if error is not None:
            self._enter(ref, RegistrationState.REGISTERING, error=error)
        return error is not None

    async def _put(self, now: Round, ref: ServiceRef) -> bool:
        """Put one record; False to try again soon.

        Raises:
            LeaseLost: the lease is gone.
            SourceUnavailable: the store does not answer.
        """
        record, one = now.records[ref], now.wanted[ref]
        self._expect(ref)
        try:
            claim = self.holdings.claim(one.service, record.key)
            await now.session.put(record, claim)
            self.holdings.written(record.key)
        except KeyHeld as error:
            self.holdings.lose(ref, record.key, error)
            self._enter(ref, RegistrationState.CONFLICT, error=error)
            return True
        except (SourceError, RegistrationRejected) as error:
            self._enter(ref, RegistrationState.REGISTERING, error=error)
            if isinstance(error, SourceUnavailable):
                raise
            self._refusals.add(ref, record, error)
            return False
        self._refusals.drop(ref)
        self._placed(now, ref)
        return True

    def _placed(self, now: Round, ref: ServiceRef) -> None:
        """Note that a record stands as it shall."""
        one = now.wanted[ref]
        self.holdings.placed(ref, now.records[ref].key)
        self._enter(ref, one.state, why=one.why)

    def _expect(self, ref: ServiceRef) -> None:
        """Enter that a record is asked for, where nothing better or worse is known."""
        if self._ledger.state(ref) in WAITED:
            self._enter(ref, RegistrationState.REGISTERING)

    def _enter(
        self,
        ref: ServiceRef,
        state: RegistrationState,
        *,
        why: str = "",
        error: ConfwatchError | None = None,
    ) -> None:
        """Note where one stands, unless it moved to another lease meanwhile."""
        if ref in self._wanted:
            self._ledger.enter(ref, state, why=why, error=error)
