"""What shall stand of a service, and why no more than that. Pure."""

from dataclasses import dataclass

from confwatch.errors import ConfwatchError
from confwatch.model.facts import RegistrationState
from confwatch.model.formats import ROOM
from confwatch.model.health import Status
from confwatch.model.service import OnDown, Service


@dataclass(frozen=True, slots=True)
class Facts:
    """All that decides about one registration.

    Attributes:
        gate: whether its resource deserves it; None while that is undecided.
        gate_why: what the gate says.
        health: what its checks say; None while they have no verdict.
        health_why: what the worst of them says; "" where that is nothing.
        drained: why its operator took it away; "" where nobody did.
        flapping: how it changed too often; "" where it is calm.
    """

    gate: bool | None
    gate_why: str
    health: Status | None
    health_why: str = ""
    drained: str = ""
    flapping: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall stand of one service.

    Attributes:
        service: which one.
        state: where it stands once that is brought about.
        status: what its record says; None where none shall stand.
        undecided: what an earlier run of ours announced stays as it is.
        rewrite: the record is changed where it stands, and made nowhere.
        why: what keeps it from more; "" where nothing does.
        error: likewise, where that is something gone wrong.
    """

    service: Service
    state: RegistrationState
    status: Status | None = None
    undecided: bool = False
    rewrite: bool = False
    why: str = ""
    error: ConfwatchError | None = None

    @property
    def is_expected(self) -> bool:
        """Whether a record stands, or may come to stand."""
        return self.undecided or self.status is not None


def wanted(service: Service, facts: Facts) -> Wanted:
    """Decide what shall stand of a service."""
    if facts.drained:
        return Wanted(service, RegistrationState.DRAINED, why=facts.drained)
    if not facts.gate:
        return _gated(service, facts)
    if facts.flapping:
        return _down(service, RegistrationState.FLAPPING, facts.flapping)
    return _checked(service, facts)


def _gated(service: Service, facts: Facts) -> Wanted:
    """Decide about a service whose resource does not deserve it, or not yet.

    What an earlier run announced waits for the resource, but not while it is not well.
    """
    state = RegistrationState.GATED
    if facts.gate is None and _is_down(service, facts):
        return _down(service, state, facts.health_why or facts.gate_why)
    undecided = facts.gate is None
    return Wanted(service, state, undecided=undecided, why=facts.gate_why)


def _checked(service: Service, facts: Facts) -> Wanted:
    """Decide about a service whose resource deserves it."""
    if facts.health is None:
        return Wanted(service, RegistrationState.CHECKING, undecided=True)
    if _is_down(service, facts):
        return _down(service, RegistrationState.DOWN, facts.health_why)
    return Wanted(service, RegistrationState.UP, facts.health, why=facts.health_why)


def _is_down(service: Service, facts: Facts) -> bool:
    """Tell whether its checks have a verdict that no passing record may stand beside.

    A record that cannot say "warning" would say that all is well.
    """
    speechless = not ROOM[service.format].status
    warns = facts.health is Status.WARNING
    return facts.health is Status.CRITICAL or (speechless and warns)


def _down(service: Service, state: RegistrationState, why: str) -> Wanted:
    """Decide about a service that is not well."""
    if service.on_down is OnDown.MARK:
        return Wanted(service, state, Status.CRITICAL, rewrite=True, why=why)
    return Wanted(service, state, why=why)
