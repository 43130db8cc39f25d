"""Registrations over a store in memory, and what they tell."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confwatch.errors import CheckFailed, ConfwatchError, ReloadFailed
from confwatch.model.address import Literal
from confwatch.model.facts import (
    Cause,
    Fact,
    PassEnded,
    PassResult,
    ProvenNow,
    Reason,
    RegistrationChanged,
    RegistrationState,
    ReloadEnded,
)
from confwatch.model.keys import Key
from confwatch.model.resource import Resource, Template
from confwatch.model.service import Service
from confwatch.registration.formats import Formats
from confwatch.registration.keeper import Ending, Place
from confwatch.registration.registrations import Registrations, opened
from confwatch.render.custom import RecordTexts
from confwatch.state.records import FileRecords
from tests.support.fakes import FakeRegistrar
from tests.support.waiting import until

WEB = Service("web", "web-1", 80, (Literal("10.0.0.5"),), ttl_s=15.0, refresh_s=0.02)
KEY = Key("/services/web/web-1")
CAUSE = Cause(frozenset({Reason.KEYS}))


def resource(*services: Service, name: str = "r") -> Resource:
    """Return a resource that announces these services."""
    return Resource(name, f"{name}.yaml", (Template("t", "/t"),), services=services)


@dataclass(slots=True)
class Desk:
    """What a test does to registrations, and what it sees of them."""

    store: FakeRegistrar
    registrations: Registrations
    facts: list[Fact] = field(default_factory=list)

    def proven(self, name: str = "r") -> None:
        """Let the resource deserve it."""
        self.registrations.hear(ProvenNow(name))

    def failed(self, name: str = "r") -> None:
        """Let the resource's reload fail."""
        error = ReloadFailed("reload", 1)
        self.registrations.hear(ReloadEnded((name,), "reload", error, 1.0, 0.0))

    def refused(self, name: str = "r") -> None:
        """Let the resource's check refuse."""
        error = CheckFailed("check", 1)
        self.registrations.hear(
            PassEnded(name, PassResult.FAILED, CAUSE, error=error, retry_s=1.0)
        )

    def unchanged(self, name: str = "r", *, owed: bool = False) -> None:
        """Let a pass find the files as they should be."""
        self.registrations.hear(PassEnded(name, PassResult.UNCHANGED, CAUSE, owed=owed))

    def states(self, service: Service = WEB) -> list[RegistrationState]:
        """Return the states that a service went through."""
        return [
            one.state
            for one in self.facts
            if isinstance(one, RegistrationChanged) and one.service == service.ref
        ]

    def state(self, service: Service = WEB) -> RegistrationState:
        """Return where a service stands."""
        return self.registrations.ledger.state(service.ref)

    def error(self, service: Service = WEB) -> ConfwatchError | None:
        """Return what went wrong last with a service."""
        return self.registrations.ledger.entries[service.ref].error

    async def comes_to(self, state: RegistrationState, service: Service = WEB) -> None:
        """Return once a service stands there."""
        await until(lambda: self.state(service) is state)

    async def up(self) -> None:
        """Let the resource deserve it, and return once the first service is up."""
        self.proven()
        await self.comes_to(RegistrationState.UP)

    async def left_standing(self) -> None:
        """End as for a restart."""
        self.registrations.end(Ending.DETACH)
        await self.registrations.ended()

    async def stands(self, key: Key = KEY) -> None:
        """Return once a record stands."""
        await until(lambda: key in self.store.keys)

    async def is_gone(self, key: Key = KEY) -> None:
        """Return once a record does not stand."""
        await until(lambda: key not in self.store.keys)

    async def beats(self, count: int = 3) -> None:
        """Return after so many renewals from now."""
        before = self.store.requests["renew"]
        await until(lambda: self.store.requests["renew"] >= before + count)


@asynccontextmanager
async def desk(
    folder: Path,
    store: FakeRegistrar,
    resources: Iterable[Resource] = (resource(WEB),),
) -> AsyncIterator[Desk]:
    """Hold registrations in the store called main for the block."""
    facts: list[Fact] = []
    places = {"main": Place("main", store, None)}
    formats = Formats(RecordTexts())
    records = FileRecords(folder)
    async with opened(places, records, facts.append, formats) as registrations:
        registrations.set_resources(resources)
        yield Desk(store, registrations, facts)
