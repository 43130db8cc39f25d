"""One round of a keeper: records that shall stand are put, all others withdrawn.

What deserves it no longer goes first; what was replaced goes last, once its successor
stands, so that readers never find nothing in between.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from confwatch.contracts import Claim, Session
from confwatch.errors import (
    ConfwatchError,
    KeyHeld,
    NoAddress,
    RegistrationRejected,
    SourceError,
    SourceUnavailable,
)
from confwatch.model.facts import RegistrationState
from confwatch.model.health import Status
from confwatch.model.keys import Key
from confwatch.model.service import OnConflict, Record, Service, ServiceRef
from confwatch.registration.describe import Describer
from confwatch.registration.ledger import Ledger
from confwatch.registration.wanted import Wanted

LOSER_WAITS_TTLS = 10
"""Who lost a key to somebody else asks for it this seldom, in lifetimes of a lease."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one round shall bring about, whatever is wanted meanwhile.

    Attributes:
        session: the lease that is worked on.
        wanted: by registration.
        records: of those that shall stand.
        kept: keys that stay as they are: nothing is decided about them.
    """

    session: Session
    wanted: Mapping[ServiceRef, Wanted]
    records: Mapping[ServiceRef, Record]
    kept: frozenset[Key]


class Bringer:
    """The records under one lease, as they are known to stand."""

    def __init__(self, ledger: Ledger, describer: Describer, ttl_s: float) -> None:
        self._ledger = ledger
        self._describer = describer
        self._ttl_s = ttl_s
        self._session: Session | None = None
        self._wanted: Mapping[ServiceRef, Wanted] = {}
        self._leaving: Sequence[Service] = ()
        self._siblings: Sequence[Bringer] = ()
        # Under our lease, though we never put it: it came back with a backup.
        self._strange: frozenset[Key] = frozenset()
        self._owners: dict[Key, ServiceRef] = {}
        self._ask_at: dict[ServiceRef, float] = {}

    @property
    def keys(self) -> frozenset[Key]:
        """The keys that stand under the lease, or may."""
        if self._session is None:
            return frozenset()
        return self._strange | {*self._session.state.keys}

    def aim(
        self,
        wanted: Mapping[ServiceRef, Wanted],
        leaving: Iterable[Service],
        siblings: Sequence["Bringer"],
    ) -> None:
        """Bring about in the next round what is *wanted*; see ``Keeper.hold``."""
        self._wanted, self._leaving = wanted, [*leaving]
        self._siblings = siblings
        for ref in self._ask_at.keys() - wanted.keys():
            del self._ask_at[ref]
        self._describer.keep({*wanted, *(one.ref for one in self._leaving)})

    def begin(self, session: Session | None) -> None:
        """Work on another session from now on; what it adopted stands."""
        self._session = session
        self._strange = frozenset()
        self._owners = {}

    def note(self, error: ConfwatchError) -> None:
        """Note what went wrong with the lease, for all services of it."""
        for ref in self._wanted:
            self._ledger.note(ref, error)

    def settle(self) -> None:
        """Enter where everything stands that needs no store."""
        for ref, one in self._wanted.items():
            if one.status is None or one.rewrite:
                self._ledger.enter(ref, one.state, why=one.why)

    async def recall(self, session: Session) -> None:
        """Ask what stands under the lease; what is missing is put again."""
        self._strange = await session.recall() - session.standing.keys()

    async def bring(
        self, session: Session, beat: Callable[[Session], Awaitable[bool]]
    ) -> bool:
        """Make one round; False where something has to be tried again soon.

        Args:
            session: the lease to work on.
            beat: keeps the lease alive; called between requests. False ends the round:
                nobody knows what stands.

        Raises:
            LeaseLost: the store does not know the lease any more.
        """
        wanted = dict(self._wanted)
        records = await self._described(wanted)
        now = Round(session, wanted, records, await self._kept(wanted))
        try:
            done = await self._withdraw_undeserving(now)
            for ref in records:
                if not await beat(session):
                    return False
                done = await self._put(now, ref) and done
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
                wanted[ref] = Wanted(one.service, state, why=str(error))
                continue
            except RegistrationRejected as error:
                self._ledger.enter(ref, RegistrationState.REGISTERING, error=error)
                continue
            if one.rewrite and record.key not in self.keys:
                self._ledger.enter(ref, one.state, why=one.why)
            else:
                records[ref] = record
        return records

    async def _kept(self, wanted: Mapping[ServiceRef, Wanted]) -> frozenset[Key]:
        """List the keys that stay as they are."""
        undecided = [one for one in wanted.values() if one.undecided]
        for one in undecided:
            self._ledger.enter(one.service.ref, one.state, why=one.why)
        kept = set()
        for service in (*(one.service for one in undecided), *self._leaving):
            try:
                record = await self._describer.record(service, Status.PASSING)
            except RegistrationRejected:
                continue
            kept.add(record.key)
        return frozenset(kept)

    async def _withdraw_undeserving(self, now: Round) -> bool:
        """Withdraw what deserves it no longer, and is not just being replaced."""
        done = True
        for key in self._stale(now):
            if not self._heirs(now, key):
                done = await self._withdraw(now, key) and done
        for ref, one in now.wanted.items():
            if done and one.status is None and not one.undecided:
                self._ledger.enter(ref, one.state, why=one.why)
        return done

    async def _withdraw_replaced(self, now: Round) -> bool:
        """Withdraw what was replaced, once its successors stand."""
        done = True
        for key in self._stale(now):
            if all(self._succeeded(now, heir) for heir in self._heirs(now, key)):
                done = await self._withdraw(now, key) and done
        return done

    def _stale(self, now: Round) -> set[Key]:
        """List what stands and shall not."""
        wanted = {record.key for record in now.records.values()}
        return {*self.keys} - wanted - now.kept

    def _heirs(self, now: Round, key: Key) -> list[ServiceRef]:
        """List who may succeed a key that is not wanted any more.

        That is its owner, which stands elsewhere now. Of an earlier run's key the owner
        is not known: then it is whoever has the name beside which it stands.
        """
        owner = self._owners.get(key)
        return [
            ref
            for ref, one in now.wanted.items()
            if (one.undecided or one.status is not None)
            and (ref == owner if owner is not None else _beside(key, one.service))
        ]

    def _succeeded(self, now: Round, heir: ServiceRef) -> bool:
        """Tell whether a successor stands, or will not for now."""
        record = now.records.get(heir)
        if record is None:
            return False
        conflict = self._ledger.state(heir) is RegistrationState.CONFLICT
        return conflict or record.key in now.session.standing

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
            owner = self._owners.get(key)
            if owner is not None:
                self._ledger.note(owner, error)
            return False
        self._strange -= {key}
        self._owners.pop(key, None)
        return True

    async def _put(self, now: Round, ref: ServiceRef) -> bool:
        """Put one record where it does not stand yet; False to try again soon.

        Raises:
            LeaseLost: the lease is gone.
            SourceUnavailable: the store does not answer.
        """
        record, one = now.records[ref], now.wanted[ref]
        if now.session.standing.get(record.key) != record.digest:
            if asyncio.get_running_loop().time() < self._ask_at.get(ref, 0.0):
                return True
            try:
                await now.session.put(record, self._claim(one.service, record.key))
            except KeyHeld as error:
                self._yield(ref, record.key, error)
                return True
            except (SourceError, RegistrationRejected) as error:
                self._ledger.enter(ref, RegistrationState.REGISTERING, error=error)
                if isinstance(error, SourceUnavailable):
                    raise
                return False
        self._owners[record.key] = ref
        self._ledger.placed(ref, record.key)
        self._ledger.enter(ref, one.state, why=one.why)
        return True

    def _claim(self, service: Service, key: Key) -> Claim:
        """Say what may be done about somebody else's record."""
        if any(key in one.keys for one in self._siblings):
            return Claim.ANY
        if self._ledger.stood(service.ref):
            # Under a new lease, the same bytes are those of an older one of ours; but
            # two daemons that write the same must not take it from each other for ever.
            fresh = key not in self._owners and service.ref not in self._ask_at
            return Claim.SAME if fresh else Claim.FREE
        takeover = service.on_conflict is OnConflict.TAKEOVER
        return Claim.ANY if takeover else Claim.SAME

    def _yield(self, ref: ServiceRef, key: Key, error: KeyHeld) -> None:
        """Leave a key to somebody else, and ask again much later."""
        ttls = LOSER_WAITS_TTLS if self._ledger.stood(ref) else 1
        self._ask_at[ref] = asyncio.get_running_loop().time() + ttls * self._ttl_s
        self._owners.pop(key, None)
        self._ledger.enter(ref, RegistrationState.CONFLICT, error=error)


def _beside(key: Key, service: Service) -> bool:
    """Tell whether a key stands where records of a service's name stand."""
    return key.rsplit("/", 2)[-2:-1] == [service.name]
