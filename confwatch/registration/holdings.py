"""The keys under one lease: which stand, whose each is, and who else wants it.

Asks no store but for what stands, and decides nothing about what shall.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence

from confwatch.contracts import Claim, Session
from confwatch.errors import KeyHeld
from confwatch.model.formats import key_of
from confwatch.model.keys import Key
from confwatch.model.service import OnConflict, Record, Service, ServiceRef
from confwatch.registration.ledger import Ledger
from confwatch.registration.rivals import Lost, held_by, shared_out
from confwatch.registration.wanted import Wanted

LOSER_WAITS_TTLS = 10
"""Who lost a key to somebody else asks for it this seldom, in lifetimes of a lease."""


class Holdings:
    """What one lease of ours holds.

    Those of other leases in the same store are its siblings: what they hold is ours.

    Attributes:
        wanted: what shall stand under it, by registration.
    """

    def __init__(self, ledger: Ledger, ttl_s: float) -> None:
        self._ledger = ledger
        self._ttl_s = ttl_s
        self._session: Session | None = None
        self.wanted: Mapping[ServiceRef, Wanted] = {}
        self._siblings: Sequence[Holdings] = ()
        # Under our lease, though we never put it: it came back with a backup.
        self._strange: frozenset[Key] = frozenset()
        # By a sibling: our session does not know that yet.
        self._taken: set[Key] = set()
        self._owners: dict[Key, ServiceRef] = {}
        # Whose each key is to be, among ours.
        self._shares: dict[Key, ServiceRef] = {}
        self._lost: dict[ServiceRef, Lost] = {}

    @property
    def keys(self) -> frozenset[Key]:
        """The keys that stand under the lease, or may."""
        if self._session is None:
            return frozenset()
        return self._strange | {*self._session.state.keys}

    def aim(
        self, wanted: Mapping[ServiceRef, Wanted], siblings: Sequence["Holdings"]
    ) -> None:
        """Hold for these services from now on, beside *siblings*."""
        self.wanted, self._siblings = wanted, siblings
        for ref in self._lost.keys() - wanted.keys():
            del self._lost[ref]
        self._shares = {
            key: ref
            for key, ref in self._shares.items()
            if ref in wanted and wanted[ref].is_expected
        }

    def begin(self, session: Session | None) -> None:
        """Hold under another lease from now on; what it adopted stands."""
        self._session = session
        self._strange = frozenset()
        self._taken = set()
        self._owners = {}

    async def recall(self, session: Session) -> None:
        """Ask what stands under the lease; what is missing is put again."""
        self._strange = await session.recall() - session.standing.keys()
        self._taken = set()

    def own(self, wanted: Iterable[Wanted]) -> None:
        """Find the owners of what an earlier run of ours left standing."""
        unowned = self.keys - self._owners.keys()
        if unowned:
            for one in wanted:
                key = key_of(one.service)
                if key is not None and key in unowned:
                    self._owners.setdefault(key, one.service.ref)

    def stands(self, key: Key) -> str | None:
        """Return the digest of what stands; None where it does not, or not for sure."""
        if self._session is None or key in self._taken:
            return None
        return self._session.standing.get(key)

    def share_out(self, records: Mapping[ServiceRef, Record]) -> None:
        """Give each key to one of those who want it."""
        known = {k: ref for k, ref in self._shares.items() if ref not in records}
        self._shares = known | shared_out(records, self._shares)

    def owner(self, key: Key) -> ServiceRef | None:
        """Name the service whose record stands; None where nobody knows."""
        return self._owners.get(key)

    def heirs(self, key: Key, wanted: Mapping[ServiceRef, Wanted]) -> list[ServiceRef]:
        """List who may succeed a key that is not wanted any more.

        That is its owner, which stands elsewhere now. Of an earlier run's key the owner
        may not be known: then it is whoever has the name beside which it stands.
        """
        owner = self._owners.get(key)
        others = (one.wanted for one in self._siblings)
        return [
            ref
            for some in (wanted, *others)
            for ref, one in some.items()
            if one.is_expected
            and (ref == owner if owner is not None else _beside(key, one.service))
        ]

    def hindrance(self, ref: ServiceRef, key: Key) -> KeyHeld | None:
        """Tell what is known to keep a service from its key; None where nothing is."""
        rivals = (one for one in self._rivals(key) if one != ref)
        error = held_by(ref.store, key, rivals)
        lost = self._lost.get(ref)
        now = asyncio.get_running_loop().time()
        if error is None and lost is not None and now < lost.ask_at:
            return lost.error
        return error

    def claim(self, service: Service, key: Key) -> Claim:
        """Say what may be done about somebody else's record."""
        if any(key in one.keys for one in self._siblings):
            return Claim.ANY
        if self._ledger.stood(service.ref):
            # Under a new lease, the same bytes are those of an older one of ours; but
            # two daemons that write the same must not take it from each other for ever.
            fresh = key not in self._owners and service.ref not in self._lost
            return Claim.SAME if fresh else Claim.FREE
        takeover = service.on_conflict is OnConflict.TAKEOVER
        return Claim.ANY if takeover else Claim.SAME

    def written(self, key: Key) -> None:
        """Note that a key was put, maybe over that of another lease of ours."""
        self._taken.discard(key)
        for one in self._siblings:
            one.taken_over(key)

    def taken_over(self, key: Key) -> None:
        """Note that a sibling put a key; our session does not know that yet."""
        self._taken.add(key)

    def holder(self, key: Key) -> ServiceRef | None:
        """Name whose a key is to be, among ours; None where nobody of ours wants it."""
        return self._shares.get(key)

    def placed(self, ref: ServiceRef, key: Key) -> None:
        """Note that the record of a service stands."""
        self._owners[key] = ref
        self._lost.pop(ref, None)
        self._ledger.placed(ref, key)

    def gone(self, key: Key) -> None:
        """Note that a key stands no longer."""
        self._strange -= {key}
        self._taken.discard(key)
        self._owners.pop(key, None)

    def lose(self, ref: ServiceRef, key: Key, error: KeyHeld) -> None:
        """Leave a key to somebody else, who is asked about again much later."""
        ttls = LOSER_WAITS_TTLS if self._ledger.stood(ref) else 1
        at = asyncio.get_running_loop().time() + ttls * self._ttl_s
        self._lost[ref] = Lost(error, at)
        self._owners.pop(key, None)

    def _rivals(self, key: Key) -> Iterator[ServiceRef]:
        """Name who of ours has a key, or is to have it."""
        for one in (*self._siblings, self):
            holder = one.holder(key)
            if holder is not None and (one is self or key in one.keys):
                yield holder


def _beside(key: Key, service: Service) -> bool:
    """Tell whether a key stands where records of a service's name stand."""
    return key.rsplit("/", 2)[-2:-1] == [service.name]
