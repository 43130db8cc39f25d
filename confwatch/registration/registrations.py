"""Which service is announced where, and whether it deserves it now.

Hears the facts of the street and decides the gates; rendering never depends on it.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from confwatch.contracts import Records
from confwatch.model.facts import (
    Fact,
    PassEnded,
    PassResult,
    ProvenNow,
    ReloadEnded,
    Tell,
)
from confwatch.model.resource import Resource
from confwatch.model.service import Service
from confwatch.registration.keeper import Ending, Keeper, Place
from confwatch.registration.leases import Leases


class Registrations:
    """All announced services: their gates, and the keepers that hold them.

    Attributes:
        keepers: by store and TTL in seconds.
    """

    def __init__(
        self,
        places: Mapping[str, Place],
        records: Records,
        tell: Tell,
        group: asyncio.TaskGroup,
    ) -> None:
        """Prepare to announce in *places*, by store; ``opened`` ends everything.

        Args:
            places: the stores that can hold registrations.
            records: keeps the leases for the next start.
            tell: takes facts.
            group: holds the keepers' tasks.
        """
        self.keepers: dict[tuple[str, float], Keeper] = {}
        self._places = places
        self._leases = Leases(records)
        self._tell = tell
        self._group = group
        # By resource: True once it deserves it, False when it does not, None before.
        self._gates: dict[str, bool | None] = {}
        self._services: dict[str, tuple[Service, ...]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def set_resources(self, resources: Iterable[Resource]) -> None:
        """Announce for these resources from now on, and withdraw for all others."""
        self._services = {one.name: one.services for one in resources if one.services}
        self._gates = {name: self._gates.get(name) for name in self._services}
        self._post()

    def hear(self, fact: Fact) -> None:
        """Open or close gates after what happened.

        Open: the files are in place and the service has read them. A failed reload
        closes it, since nobody knows what the service does then. A refused check does
        not: the older files still serve.
        """
        match fact:
            case ProvenNow(resource):
                self._decide(resource, deserves=True)
            case PassEnded(resource, PassResult.UNCHANGED, owed=False):
                self._decide(resource, deserves=True)
            case ReloadEnded(resources, error=error) if error is not None:
                for resource in resources:
                    self._decide(resource, deserves=False)
            case _:
                pass

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
        for task in self._tasks:
            task.cancel()

    def _decide(self, resource: str, *, deserves: bool) -> None:
        """Set one gate, and tell the keepers where that is news."""
        if resource in self._gates and self._gates[resource] is not deserves:
            self._gates[resource] = deserves
            self._post()

    def _post(self) -> None:
        """Tell every keeper its services and their gates."""
        services: defaultdict[tuple[str, float], dict[str, Service]] = defaultdict(dict)
        gates: dict[str, bool | None] = {}
        for resource, declared in self._services.items():
            for service in declared:
                services[service.store, service.ttl_s][service.id] = service
                gates[service.id] = self._gates[resource]
        for place in services:
            if place not in self.keepers:
                self._hire(*place)
        for place, keeper in self.keepers.items():
            keeper.hold(services[place], gates)

    def _hire(self, store: str, ttl_s: float) -> None:
        """Begin to keep a lease for services of one store and TTL."""
        keeper = Keeper(self._places[store], ttl_s, self._leases, self._tell)
        self.keepers[store, ttl_s] = keeper
        task = self._group.create_task(keeper.run(), name=f"keep {store} {ttl_s:g}s")
        self._tasks.append(task)


@asynccontextmanager
async def opened(
    places: Mapping[str, Place], records: Records, tell: Tell
) -> AsyncIterator[Registrations]:
    """Hold registrations for the block; ``end`` and ``ended`` come before its end."""
    async with asyncio.TaskGroup() as group:
        registrations = Registrations(places, records, tell, group)
        try:
            yield registrations
        finally:
            registrations.finish()
