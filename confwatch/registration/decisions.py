"""What each service deserves: of its resource, its checks, its operator, its calm."""

import asyncio
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from functools import partial

from confwatch.model.facts import Fact
from confwatch.model.health import Status
from confwatch.model.service import Service, ServiceRef
from confwatch.registration.drains import Drains
from confwatch.registration.flapping import Changes
from confwatch.registration.gates import ResourceGate, resources_of
from confwatch.registration.health import Healths
from confwatch.registration.moves import Leaving
from confwatch.registration.wanted import Facts, Wanted, wanted


class Decisions:
    """Decides what shall stand of a service.

    Attributes:
        changes: by registration, how often its verdict changed.
    """

    def __init__(
        self, drains: Drains, healths: Healths, changed: Callable[[], None]
    ) -> None:
        """Decide from here.

        Args:
            drains: what the operator took away.
            healths: what the checks say.
            changed: called when a service that was held down may be calm.
        """
        self.changes: dict[ServiceRef, Changes] = {}
        self._drains = drains
        self._healths = healths
        self._changed = changed
        # Each service has its own: what came later has not seen what came before.
        self._gates: dict[str, dict[ServiceRef, ResourceGate]] = {}
        self._deserved: dict[ServiceRef, Status | None] = {}
        self._calm: asyncio.TimerHandle | None = None

    def keep(
        self,
        declared: Mapping[str, Iterable[Service]],
        moved: Iterable[Leaving],
        reloading: Container[str],
    ) -> None:
        """Decide about these services from now on; what is known of them stays.

        One that is new waits until its resource has seen the files it came with.

        Args:
            declared: by resource.
            moved: those that have successors now, which inherit from them.
            reloading: resources that have a reload, which may be under way.
        """
        before = {old.service.ref: old.successors for old in moved}
        gates = {}
        for name, services in declared.items():
            known = dict(self._gates.get(name, {}))
            for old, heirs in before.items():
                if old in known:
                    known |= {heir: replace(known[old]) for heir in heirs - {*known}}
            under_way = name in reloading and name in self._gates
            new = partial(ResourceGate, passed=not under_way)
            gates[name] = {one.ref: known.get(one.ref) or new() for one in services}
        self._gates = gates
        refs = {one.ref for services in declared.values() for one in services}
        for told in (self.changes, self._deserved):
            for gone in told.keys() - refs:
                told.pop(gone)

    def hear(self, fact: Fact) -> bool:
        """Take note of what happened; tell whether a gate was moved by it."""
        moved = False
        for resource in resources_of(fact):
            for gate in self._gates.get(resource, {}).values():
                moved = gate.hear(fact) or moved
        return moved

    def decide(self, resource: str, service: Service) -> Wanted:
        """Decide what shall stand of a service of *resource*."""
        gate, gate_why = self._gates[resource][service.ref].verdict(service.gate)
        facts = Facts(
            gate=gate,
            gate_why=gate_why,
            health=self._healths.status(service.ref),
            health_why=self._healths.problem(service.ref) or "",
            drained=self._drains.why(service),
        )
        one = wanted(service, facts)
        if facts.drained or one.undecided:
            return one
        return self._calmed(one, facts)

    def finish(self) -> None:
        """Call nobody any more."""
        if self._calm is not None:
            self._calm.cancel()

    def _calmed(self, one: Wanted, facts: Facts) -> Wanted:
        """Hold a service down that changed too often."""
        service, now = one.service, asyncio.get_running_loop().time()
        changes = self.changes.setdefault(service.ref, Changes())
        before = self._deserved.setdefault(service.ref, one.status)
        if before is not one.status:
            self._deserved[service.ref] = one.status
            changes.add(now, service.flap)
        held_s = changes.held_s(now, service.flap)
        if not held_s:
            return one
        self._look_again(now + held_s)
        flap = service.flap
        told = f"more than {flap.max_changes} changes in {flap.per_s:g} s"
        return wanted(service, replace(facts, flapping=told))

    def _look_again(self, at: float) -> None:
        """Have it decided anew when the first of those held down may be calm."""
        if self._calm is None or self._calm.when() > at:
            self.finish()
            loop = asyncio.get_running_loop()
            self._calm = loop.call_at(at, self._calmed_down)

    def _calmed_down(self) -> None:
        self._calm = None
        self._changed()
