"""Facts to log lines: one line says what changed, why, and what is owed.

Event names are ``noun.verbed``. No line carries a value of a key.
"""

from typing import Any

import structlog

from confwatch.errors import CommandError, SourceMissed
from confwatch.model.facts import (
    Cause,
    Drifted,
    Fact,
    LeasesUnkept,
    PassEnded,
    PassResult,
    ProvenNow,
    PutBack,
    RecordFailed,
    RecordsSkipped,
    RegistrationChanged,
    RegistrationState,
    ReloadEnded,
    ReloadOwed,
    Repaired,
    SourceBack,
    SourceFailed,
    SourceLoaded,
    WrittenInPlace,
)

SHOWN_KEYS = 5

WORSE = (
    RegistrationState.DOWN,
    RegistrationState.LOST,
    RegistrationState.CONFLICT,
    RegistrationState.FLAPPING,
)

log = structlog.get_logger()


class FactsLog:
    """Writes each fact as a line; failures that repeat unchanged are written once."""

    def __init__(self) -> None:
        self._told: dict[str, str] = {}

    def hear(self, fact: Fact) -> None:
        """Write the line of one fact."""
        match fact:
            case PassEnded():
                _passed(fact)
            case SourceLoaded() | SourceFailed() | SourceBack():
                self._source(fact)
            case RegistrationChanged() | LeasesUnkept():
                _registered(fact)
            case PutBack() | WrittenInPlace() | Drifted() | Repaired():
                _targets(fact)
            case RecordsSkipped():
                _skipped(fact)
            case _:
                _loaded(fact)

    def _source(self, fact: SourceLoaded | SourceFailed | SourceBack) -> None:
        """Tell what a store did; the same failure again is for debugging only."""
        match fact:
            case SourceLoaded():
                log.info(
                    "source.loaded",
                    store=fact.store,
                    below=fact.scope,
                    revision=fact.revision,
                    keys=fact.keys,
                    changed=fact.changed,
                )
            case SourceFailed(store, SourceMissed() as error):
                log.error("source.missed", store=store, error=str(error))
            case SourceFailed(store, error, failures, retry_s):
                news = self._told.get(store) != str(error)
                self._told[store] = str(error)
                (log.warning if news else log.debug)(
                    "source.failed",
                    store=store,
                    error=str(error),
                    failures=failures,
                    retry_s=round(retry_s, 2),
                )
            case SourceBack(store, failures):
                self._told.pop(store, None)
                log.info("source.back", store=store, failures=failures)


def _passed(ended: PassEnded) -> None:
    """Tell how a pass ended, and why it was made."""
    fields: dict[str, Any] = {
        "resource": ended.resource,
        "because": because(ended.cause),
        "ms": round(ended.seconds * 1000, 1),
        "owed": "reload" if ended.owed else "nothing",
    }
    match ended.result:
        case PassResult.INSTALLED:
            log.info("resource.installed", targets=ended.changed, **fields)
        case PassResult.UNCHANGED:
            log.debug("resource.unchanged", **fields)
        case PassResult.WAITING:
            log.debug("resource.waiting", **fields)
        case PassResult.HELD:
            empty = [f"{ref.store}:{ref.key}" for ref in ended.empty]
            log.warning("resource.held", empty=empty, **fields)
        case PassResult.FAILED:
            fields |= _failure(ended.error, ended.retry_s)
            log.error("resource.failed", **fields)
        case PassResult.BROKEN:
            log.error("resource.broken", exc_info=ended.error, **fields)


def _targets(fact: PutBack | WrittenInPlace | Drifted | Repaired) -> None:
    """Tell what became of targets beside being installed."""
    fields: dict[str, Any] = {"resource": fact.resource, "targets": fact.dests}
    match fact:
        case PutBack():
            log.warning("resource.put_back", **fields)
        case WrittenInPlace():
            log.warning("target.in_place", **fields)
        case Drifted():
            log.warning("target.drifted", **fields, fight=fact.fight)
        case Repaired():
            owed = "reload" if fact.owed else "nothing"
            log.warning("target.repaired", **fields, owed=owed)


def _skipped(fact: RecordsSkipped) -> None:
    """Name the records that a render left out; some of them, where they are many."""
    log.warning(
        "records.skipped",
        resource=fact.resource,
        records=fact.named()[:SHOWN_KEYS],
        new=len(fact.records),
        skipped=fact.count,
    )


def _loaded(
    fact: ReloadOwed | ReloadEnded | ProvenNow | RecordFailed,
) -> None:
    """Tell how it stands between the files and the service that reads them."""
    match fact:
        case ReloadOwed(resource, command, why):
            say = log.debug if why == "installed" else log.info
            say("reload.owed", resource=resource, reload=command, because=why)
        case ReloadEnded(resources, command, error, retry_s, seconds):
            fields: dict[str, Any] = {
                "resources": resources,
                "reload": command,
                "ms": round(seconds * 1000, 1),
            }
            if error is None:
                log.info("reload.made", owed="nothing", **fields)
            else:
                fields |= _failure(error, retry_s)
                log.error("reload.failed", owed="reload", **fields)
        case ProvenNow(resource):
            log.debug("resource.proven", resource=resource)
        case RecordFailed(resource, error):
            log.error("record.failed", resource=resource, error=str(error))


def _failure(error: BaseException | None, retry_s: float | None) -> dict[str, Any]:
    """Return the fields of a failed step: what, what a command said, and what next."""
    fields: dict[str, Any] = {"error": str(error), "retry_s": retry_s}
    if isinstance(error, CommandError) and error.output:
        fields["output"] = error.output
    return fields


def _registered(fact: RegistrationChanged | LeasesUnkept) -> None:
    """Tell where a registration stands, or that a restart will not know."""
    if isinstance(fact, LeasesUnkept):
        log.error("leases.unkept", error=str(fact.error))
        return
    worse = fact.error is not None or fact.state in WORSE
    say = log.warning if worse else log.info
    fields: dict[str, Any] = {"service": str(fact.service)}
    if fact.why:
        fields["because"] = fact.why
    if fact.error is not None:
        fields["error"] = str(fact.error)
    say(f"registration.{fact.state.value}", **fields)


def because(cause: Cause) -> str:
    """Say in a few words why a pass is made: ``keys changed: /a, /b and 3 more``."""
    words = ", ".join(sorted(reason.value for reason in cause.reasons))
    if not cause.keys:
        return words
    named = ", ".join(cause.keys[:SHOWN_KEYS])
    more = cause.count - min(len(cause.keys), SHOWN_KEYS)
    return f"{words}: {named}" + (f" and {more} more" if more > 0 else "")
