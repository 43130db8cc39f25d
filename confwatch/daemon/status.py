"""What the daemon tells of itself: one JSON value for people, programs and metrics."""

import asyncio
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import confwatch
from confwatch.daemon.services_status import service_rows
from confwatch.errors import ConfigError
from confwatch.model.facts import PassResult
from confwatch.pipeline.follow import Follower
from confwatch.pipeline.reloader import Reloader
from confwatch.pipeline.street import Street
from confwatch.pipeline.worker import Worker
from confwatch.registration.registrations import Registrations

MOST_SKIPPED = 20
"""Records named of those that a resource's render left out; they may be thousands."""
IN_PLACE = (PassResult.INSTALLED, PassResult.UNCHANGED)


@dataclass(slots=True)
class StatusBoard:
    """Looks at the parts of the daemon when it is asked.

    Attributes:
        problems: what is wrong in conf.d now; these resources are disabled, or go on
            as they were before the bad edit.
        started_at: wall clock, seconds since the epoch.
        declared: whether conf.d was read: nobody is ready who does not know for what.
    """

    street: Street
    registrations: Registrations
    problems: Sequence[ConfigError]
    started_at: float
    declared: bool = False

    @property
    def ready(self) -> bool:
        """Tell whether every resource's files are in place; owed reloads may wait."""
        return self.declared and all(
            worker.changed_at is not None or _in_place(worker)
            for worker in self.street.workers.values()
        )

    def line(self) -> str:
        """Return the state of everything in a line for people."""
        workers = self.street.workers
        failing = {name for name, one in self.street.followers.items() if one.error}
        owed = sum(len(one.debts) for one in self.street.reloaders.values())
        in_place = sum(map(_in_place, workers.values()))
        words = [f"{in_place} of {len(workers)} resources in place"]
        words += [f"{owed} reloads owed"] if owed else []
        words += [f"store {name} failing" for name in sorted(failing)]
        words += [f"{len(self.problems)} problems in conf.d"] if self.problems else []
        return ", ".join(words)

    def snapshot(self) -> dict[str, Any]:
        """Return all of it; times are seconds since the epoch, spans end in ``_s``."""
        owed = _owed_by_resource(self.street.reloaders.values())
        return {
            "version": confwatch.__version__,
            "pid": os.getpid(),
            "started_at": self.started_at,
            "now": time.time(),
            "ready": self.ready,
            "problems": [str(problem) for problem in self.problems],
            "stores": [
                _store(name, one) for name, one in self.street.followers.items()
            ],
            "resources": [
                _resource(worker, owed.get(name))
                for name, worker in sorted(self.street.workers.items())
            ],
            "services": service_rows(self.registrations),
            "renders": self.street.rendering.count,
        }


def _in_place(worker: Worker) -> bool:
    return worker.last is not None and worker.last.result in IN_PLACE


def _store(name: str, follower: Follower) -> dict[str, Any]:
    """Tell how one store is, and how much of it is known."""
    now = asyncio.get_running_loop().time()
    since, moved_at = follower.failing_since, follower.moved_at()
    return {
        "name": name,
        "url": follower.source.shown,
        "state": _store_state(follower),
        "error": follower.error and str(follower.error),
        "failing_s": since and round(now - since, 1),
        "silent_s": moved_at and round(now - moved_at, 1),
        "missed": follower.missed,
        "revision": follower.mirror.revision,
        "keys": follower.mirror.count(),
        "below": sorted(follower.mirror.covered),
    }


def _store_state(follower: Follower) -> str:
    """Say in one word how a store is; one that nobody reads yet is only waiting."""
    if follower.error is not None:
        return "failing"
    return "loaded" if follower.mirror.revision else "waiting"


def _resource(worker: Worker, owed: dict[str, Any] | None) -> dict[str, Any]:
    """Tell how one resource's files are, why, and what is owed."""
    last = worker.last
    return {
        "name": worker.resource.name,
        "file": worker.resource.file,
        "state": _state(worker, owed),
        "targets": list(worker.resource.dests),
        "drifted": list(worker.drifted),
        "skipped": len(worker.skipped),
        "skipped_records": {
            f"{ref.store}:{ref.key}": told
            for ref, told in islice(worker.skipped.items(), MOST_SKIPPED)
        },
        "changed_at": worker.changed_at,
        "passes": worker.passes,
        "last": last
        and {
            "result": last.result.value,
            "at": worker.last_at,
            "reasons": sorted(reason.value for reason in last.cause.reasons),
            "keys": list(last.cause.keys),
            "key_count": last.cause.count,
            "error": last.error and str(last.error),
            "retry_s": last.retry_s,
            "empty": [f"{ref.store}:{ref.key}" for ref in last.empty],
            "seconds": last.seconds,
        },
        "owed": owed,
    }


def _state(worker: Worker, owed: dict[str, Any] | None) -> str:
    """Say in one word how a resource is."""
    if worker.last is None:
        return "waiting"
    if worker.last.result not in IN_PLACE:
        return worker.last.result.value
    return "owed" if owed else "in place"


def _owed_by_resource(reloaders: Iterable[Reloader]) -> dict[str, dict[str, Any]]:
    """Tell for each resource which reload it is owed, and why it was not made."""
    owed: dict[str, dict[str, Any]] = {}
    for reloader in reloaders:
        for name, debt in reloader.debts.items():
            owed[name] = {
                "reload": reloader.shown,
                "why": debt.why,
                "error": reloader.error and str(reloader.error),
            }
    return owed
