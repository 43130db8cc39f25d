"""Which service is announced where, and whether it deserves it now.

Hears the facts of the street, of the checks and of the operator, decides what shall
stand, and tells the keepers; rendering never depends on it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from confwatch.contracts import Records
from confwatch.model.facts import Fact, RegistrationState, Tell
from confwatch.model.resource import Resource
from confwatch.model.service import Service, ServiceRef
from confwatch.registration.address import Addresses
from confwatch.registration.decisions import Decisions
from confwatch.registration.describe import Describer
from confwatch.registration.drains import Drains, meant
from confwatch.registration.formats import Formats
from confwatch.registration.health import Healths
from confwatch.registration.keeper import Ending, Keeper, Place
from confwatch.registration.leases import Leases
from confwatch.registration.ledger import Ledger
from confwatch.registration.moves import (
    Lease,
    Leaving,
    handed_on,
    lease_named,
    lease_of,
    leaving,
)
from confwatch.registration.probes import http_client
from confwatch.registration.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Running:
    """What all registrations share while they run.

    Attributes:
        group: holds the tasks of keepers and checks.
        http: asks the services that have an HTTP check.
    """

    group: asyncio.TaskGroup
    http: aiohttp.ClientSession


class Registrations:
    """All announced services: what they deserve, and the keepers that hold them.

    Attributes:
        ledger: where each of them stands.
        keepers: by lease.
        drains: what the operator took away.
        healths: what the checks say.
        decisions: what each of them deserves.
    """

    def __init__(
        self,
        places: Mapping[str, Place],
        records: Records,
        tell: Tell,
        formats: Formats,
        run: Running,
    ) -> None:
        """Prepare to announce in *places*, by store; ``opened`` ends everything.

        Args:
            places: the stores that can hold registrations.
            records: keeps leases and drains for the next start.
            tell: takes facts.
            formats: write the records.
            run: holds the tasks, and asks over HTTP.
        """
        self.ledger = Ledger(tell)
        self.keepers: dict[Lease, Keeper] = {}
        self.drains = Drains(records, self.post)
        self.healths = Healths(lambda _: self.post(), run.group, run.http)
        self.decisions = Decisions(self.drains, self.healths, self.post)
        self._places = places
        self._leases = Leases(records, tell)
        self._formats = formats
        self._group = run.group
        self._services: dict[str, tuple[Service, ...]] = {}
        self._leaving: list[Leaving] = []
        self._wanted: dict[ServiceRef, Wanted] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._posting: asyncio.Handle | None = None

    @property
    def services(self) -> list[tuple[str, Service]]:
        """Every declared service, and the resource it belongs to."""
        return [
            (name, one) for name, services in self._services.items() for one in services
        ]

    def set_resources(self, resources: Iterable[Resource]) -> None:
        """Announce for these resources from now on, and withdraw for all others."""
        announcing = [one for one in resources if one.services]
        now = {one.name: one.services for one in announcing}
        reloading = {one.name for one in announcing if one.reload is not None}
        moved = leaving(self._services, now)
        self._leaving = [*handed_on(self._leaving, moved), *moved]
        self._services = now
        declared = [service for _, service in self.services]
        self.ledger.open(one.ref for one in declared)
        for old in moved:
            if old.service.ref in old.successors:
                # It stands under another lease than it shall.
                self.ledger.enter(old.service.ref, RegistrationState.REGISTERING)
        self.drains.set_services(declared)
        self.healths.set_services(declared)
        self.decisions.keep(now, moved, reloading)
        # At once: what a keeper still does for its older aims is not news about these.
        self._post()

    def hear(self, fact: Fact) -> None:
        """Open or close gates after what happened."""
        if self.decisions.hear(fact):
            self.post()

    def named(self, word: str) -> list[Service]:
        """List the services that a word of the operator names."""
        return [one for _, one in self.services if meant(word, one.ref)]

    def post(self) -> None:
        """Tell every keeper soon what shall stand; a storm is told once."""
        if self._posting is None:
            loop = asyncio.get_running_loop()
            self._posting = loop.call_soon(self._post)

    def withdraw_timeout_s(self, default_s: float) -> float:
        """Return how long a withdrawal may take: the longest that a service asks for.

        Args:
            default_s: for services that do not say.
        """
        asked = (one.drain.deregister_timeout_s for _, one in self.services)
        return max((default_s if one is None else one for one in asked), default=0.0)

    def drain_wait_s(self) -> float:
        """Return how long readers need to forget what is announced now."""
        return max(
            (
                one.drain.wait_s
                for _, one in self.services
                if self.ledger.state(one.ref) is RegistrationState.UP
            ),
            default=0.0,
        )

    def end(self, ending: Ending) -> None:
        """Let all keepers end, their records withdrawn or left standing."""
        for keeper in self.keepers.values():
            keeper.end(ending)

    async def ended(self) -> None:
        """Return when every keeper has ended."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def finish(self) -> None:
        """End every keeper at once; what stands goes with its TTL."""
        self.healths.set_services(())
        self.decisions.finish()
        if self._posting is not None:
            self._posting.cancel()
        for task in self._tasks:
            task.cancel()

    async def settle_moves(self) -> None:
        """Let old records go once their successors stand; for ever."""
        while True:
            await self.ledger.moved.wait()
            self.ledger.moved.clear()
            declared = {lease_of(one) for _, one in self.services}
            over = any(self._is_over(one) for one in self._leaving)
            if over or self._left_standing() - declared:
                self.post()

    def _is_over(self, leave: Leaving) -> bool:
        """Tell whether what leaves has nobody to wait for any more."""
        return all(self._is_decided(ref) for ref in leave.successors)

    def _is_decided(self, ref: ServiceRef) -> bool:
        one = self._wanted.get(ref)
        if one is None or (one.status is None and not one.undecided):
            return True
        return self.ledger.settled(ref)

    def _post(self) -> None:
        """Tell every keeper what shall stand."""
        if self._posting is not None:
            self._posting.cancel()
            self._posting = None
        by_lease: defaultdict[Lease, dict[ServiceRef, Wanted]] = defaultdict(dict)
        self._wanted = {}
        for resource, service in self.services:
            one = self.decisions.decide(resource, service)
            self._wanted[service.ref] = one
            by_lease[lease_of(service)][service.ref] = one
        self._leaving = [one for one in self._leaving if not self._is_over(one)]
        left: defaultdict[Lease, list[Service]] = defaultdict(list)
        for leave in self._leaving:
            left[lease_of(leave.service)].append(leave.service)
        for lease in (by_lease.keys() | self._left_standing()) - self.keepers.keys():
            self._hire(lease)
        for lease in self.keepers.keys() - by_lease.keys() - left.keys():
            self._dismiss(lease)
        for lease, keeper in self.keepers.items():
            keeper.hold(by_lease[lease], left[lease], self._siblings(lease))

    def _siblings(self, lease: Lease) -> list[Keeper]:
        """List the keepers of other leases in the same store."""
        return [
            keeper
            for other, keeper in self.keepers.items()
            if other.store == lease.store and other != lease
        ]

    def _left_standing(self) -> set[Lease]:
        """Name the leases of an earlier run, in stores that there are still.

        Also one that nobody declares any more has a keeper, which ends it.
        """
        found = {lease_named(name) for name in self._leases.names()}
        return {one for one in found if one is not None and one.store in self._places}

    def _dismiss(self, lease: Lease) -> None:
        """Do without a keeper that has nothing to do any more."""
        keeper = self.keepers[lease]
        if keeper.idle:
            keeper.end(Ending.WITHDRAW)
            del self.keepers[lease]

    def _hire(self, lease: Lease) -> None:
        """Begin to keep a lease."""
        place = self._places[lease.store]
        describer = Describer(Addresses(place.host), self._formats)
        keeper = Keeper(place, lease, self._leases, self.ledger, describer)
        self.keepers[lease] = keeper
        task = self._group.create_task(keeper.run(), name=f"keep {keeper.name}")
        self._tasks = [*(one for one in self._tasks if not one.done()), task]


@asynccontextmanager
async def opened(
    places: Mapping[str, Place], records: Records, tell: Tell, formats: Formats
) -> AsyncIterator[Registrations]:
    """Hold registrations for the block; ``end`` and ``ended`` come before its end."""
    async with http_client() as http, asyncio.TaskGroup() as group:
        run = Running(group, http)
        registrations = Registrations(places, records, tell, formats, run)
        looking = [
            group.create_task(registrations.drains.run(), name="drain files"),
            group.create_task(registrations.settle_moves(), name="moves"),
        ]
        try:
            yield registrations
        finally:
            registrations.finish()
            for task in looking:
                task.cancel()
