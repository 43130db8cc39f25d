"""How well the announced services are, asked again and again.

One task for each check, so that none waits for another and none runs twice at a time;
whoever holds a lease only ever reads the verdicts.
"""

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import aiohttp

from confwatch.aio.spread import part_of
from confwatch.model.health import HealthCheck, Status
from confwatch.model.service import Service, ServiceRef
from confwatch.registration.probes import Answer, Probes
from confwatch.registration.verdict import Verdict, worst

FIRST_WITHIN_S = 1.0
"""All checks begin within this: soon for people, one by one for a machine."""


class _Asked(NamedTuple):
    """Names one check of one service, in however many stores that is announced."""

    name: str
    id: str
    check: HealthCheck


class _Row:
    """One check's answers so far.

    Attributes:
        verdict: what they amount to.
        said: what the last answer that did not pass said.
        passed: whether the last answer passed.
        task: asks again and again.
    """

    def __init__(self, asked: _Asked) -> None:
        self.verdict = Verdict(asked.check.rise, asked.check.fall)
        self.said = ""
        self.passed = True
        self.task: asyncio.Task[None] | None = None

    def take(self, answer: Answer) -> bool:
        """Count one answer; tell whether the verdict is another one now."""
        self.passed = answer.status is Status.PASSING
        self.said = answer.said or self.said
        return self.verdict.take(answer.status)

    @property
    def problem(self) -> str | None:
        """What stands against it, as it was last said."""
        well = self.passed and self.verdict.status in (None, Status.PASSING)
        return None if well else self.said


class Healths:
    """The verdict on each service."""

    def __init__(
        self,
        tell: Callable[[ServiceRef], None],
        group: asyncio.TaskGroup,
        http: aiohttp.ClientSession,
    ) -> None:
        """Prepare to ask; ``set_services(())`` ends all that runs.

        Args:
            tell: called when the status of a service has become another one, though
                not for what ``set_services`` itself changes.
            group: holds the tasks.
            http: from ``probes.http_client``.
        """
        self._tell = tell
        self._group = group
        self._probes = Probes(http)
        self._services: dict[ServiceRef, Service] = {}
        self._rows: dict[_Asked, _Row] = {}
        self._askers: dict[_Asked, list[ServiceRef]] = {}
        self._statuses: dict[ServiceRef, Status | None] = {}

    def set_services(self, services: Iterable[Service]) -> None:
        """Ask these from now on.

        A check that a service already had keeps its counts, and its task goes on.
        """
        self._services = {one.ref: one for one in services}
        askers: defaultdict[_Asked, list[ServiceRef]] = defaultdict(list)
        for ref, service in self._services.items():
            for asked in _asked(service):
                askers[asked].append(ref)
        for gone in self._rows.keys() - askers.keys():
            task = self._rows.pop(gone).task
            if task is not None:
                task.cancel()
        self._askers = dict(askers)
        for asked in askers:
            if asked not in self._rows:
                self._begin(asked)
        self._statuses = {ref: self.status(ref) for ref in self._services}

    def status(self, ref: ServiceRef) -> Status | None:
        """Return how well a service is; None while nobody can say.

        Before its verdict a check is what ``initial`` takes it for; for one that is
        taken to be down that is None.
        """
        service = self._services.get(ref)
        if service is None:
            return None
        assumed = None if service.initial is Status.CRITICAL else service.initial
        return worst(
            [self._rows[one].verdict.status or assumed for one in _asked(service)]
        )

    def problem(self, ref: ServiceRef) -> str | None:
        """Return what a check of the service said when it last did not pass.

        One line for people: it never goes into a store. None where all is well.
        """
        service = self._services.get(ref)
        if service is None:
            return None
        rows = [self._rows[one] for one in _asked(service)]
        rows.sort(key=lambda row: row.verdict.status is not Status.CRITICAL)
        return next((row.problem for row in rows if row.problem), None)

    def _begin(self, asked: _Asked) -> None:
        row = self._rows[asked] = _Row(asked)
        name = f"check {asked.name}/{asked.id}"
        row.task = self._group.create_task(self._ask(asked, row), name=name)

    async def _ask(self, asked: _Asked, row: _Row) -> None:
        """Ask from start to start of an interval; a run that is late skips some."""
        check = asked.check
        told = {
            "CONFWATCH_SERVICE": asked.name,
            "CONFWATCH_SERVICE_ID": asked.id,
        }
        await asyncio.sleep(part_of(min(check.interval_s, FIRST_WITHIN_S)))
        now = asyncio.get_running_loop().time
        # Hundreds that began within a second are spread over the interval by this.
        due = now() - part_of(check.interval_s / 2)
        while True:
            if row.take(await self._probes.ask(check, told)):
                self._changed(asked)
            behind = (now() - due) / check.interval_s
            due += check.interval_s * max(1, math.ceil(behind))
            await asyncio.sleep(due - now())

    def _changed(self, asked: _Asked) -> None:
        """Tell of every service whose status a verdict has changed."""
        for ref in self._askers.get(asked, ()):
            status = self.status(ref)
            if status is not self._statuses[ref]:
                self._statuses[ref] = status
                self._tell(ref)


def _asked(service: Service) -> list[_Asked]:
    return [_Asked(service.name, service.id, one) for one in service.checks]
