"""What happened, as values: log, status, metrics and gates all read these.

Floors below the daemon do not log; they tell facts to whoever listens.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from confwatch.errors import ConfwatchError
from confwatch.model.keys import Ref
from confwatch.model.service import ServiceRef


class Reason(Enum):
    """Why a pass is made."""

    START = "start"
    KEYS = "keys changed"
    FILES = "templates changed"
    COVERED = "keys became known"
    RETRY = "retry"
    NAMES = "names changed"
    OPERATOR = "operator"
    DRIFT = "target changed by somebody else"


KEPT_KEYS = 20
"""Keys a cause names at most: an operator reads them, a log line carries them."""


class Cause(Struct, frozen=True):
    """Why a pass is made, and which keys or files are behind it.

    Attributes:
        reasons: at least one.
        keys: some of the keys that changed, at most KEPT_KEYS.
        count: how many they were.
        force: also where a picture is held for being empty.
    """

    reasons: frozenset[Reason]
    keys: tuple[str, ...] = ()
    count: int = 0
    force: bool = False

    def __or__(self, other: "Cause") -> "Cause":
        """Join two causes of one pass."""
        new = tuple(key for key in other.keys if key not in self.keys)
        return Cause(
            self.reasons | other.reasons,
            (self.keys + new)[:KEPT_KEYS],
            self.count + other.count,
            self.force or other.force,
        )


class PassResult(Enum):
    """How a pass ended."""

    INSTALLED = "installed"
    UNCHANGED = "unchanged"
    WAITING = "waiting"
    """It needs keys that its stores have not told yet."""
    HELD = "held"
    """A prefix came back empty, and empty is doubted."""
    FAILED = "failed"
    BROKEN = "broken"
    """A bug of ours; the traceback is in the log."""


class PassEnded(Struct, frozen=True):
    """One walk of one resource.

    Attributes:
        changed: the targets installed by it.
        owed: whether a reload is owed now, by this pass or from before.
        error: why it failed or waits; None where it did not.
        empty: for HELD, the prefixes that are empty.
        retry_s: for FAILED and BROKEN, seconds until it is tried again.
        seconds: how long it took.
    """

    resource: str
    result: PassResult
    cause: Cause
    changed: tuple[str, ...] = ()
    owed: bool = False
    error: BaseException | None = None
    empty: tuple[Ref, ...] = ()
    retry_s: float | None = None
    seconds: float = 0.0


class PutBack(Struct, frozen=True):
    """Targets are again what they were: a check refused them, or a crash cut a pass."""

    resource: str
    dests: tuple[str, ...]


class WrittenInPlace(Struct, frozen=True):
    """Targets that nothing can be moved over were written where they are."""

    resource: str
    dests: tuple[str, ...]


class RecordsSkipped(Struct, frozen=True):
    """A render left out what services announced, for nobody could understand it.

    Attributes:
        records: those that are news, and what is wrong with each.
        count: how many were left out in all.
    """

    resource: str
    records: Mapping[Ref, str]
    count: int

    def named(self) -> list[str]:
        """Say of each what is wrong with it."""
        return [f"{ref.store}:{ref.key} {why}" for ref, why in self.records.items()]


class Drifted(Struct, frozen=True):
    """Targets that somebody else changed are left as they are.

    Attributes:
        fight: whether they were put right again and again; else nobody wants them to.
    """

    resource: str
    dests: tuple[str, ...]
    fight: bool


class Repaired(Struct, frozen=True):
    """Targets that somebody else changed were put right, without a pass.

    Attributes:
        owed: whether a reload is owed now.
    """

    resource: str
    dests: tuple[str, ...]
    owed: bool


class ReloadOwed(Struct, frozen=True):
    """Files are in place that their service has not read.

    Attributes:
        why: "installed", or how an earlier run left it.
    """

    resource: str
    command: str
    why: str


class ReloadEnded(Struct, frozen=True):
    """One reload command ended; it served all *resources* that owed it.

    Attributes:
        error: None where it succeeded; otherwise it is owed still.
        retry_s: seconds until it is tried again.
    """

    resources: tuple[str, ...]
    command: str
    error: ConfwatchError | None
    retry_s: float | None
    seconds: float


class ProvenNow(Struct, frozen=True):
    """A resource's files are in place and its service has read them."""

    resource: str


class RecordFailed(Struct, frozen=True):
    """The proven record could not be written: a restart would reload once more."""

    resource: str
    error: ConfwatchError


class SourceLoaded(Struct, frozen=True):
    """A store told a whole picture.

    Attributes:
        keys: how many keys it has below the scope.
        changed: how many of them are other than before.
    """

    store: str
    scope: tuple[str, ...]
    revision: str
    keys: int
    changed: int


class SourceFailed(Struct, frozen=True):
    """A store could not be read; the targets stay as they are."""

    store: str
    error: ConfwatchError
    failures: int
    retry_s: float


class SourceBack(Struct, frozen=True):
    """A store tells again, after *failures* attempts that failed."""

    store: str
    failures: int


class RegistrationState(Enum):
    """Where one service's registration in one store stands."""

    GATED = "gated"
    """Its resource does not deserve it, or not yet."""
    CHECKING = "checking"
    """Its checks have no verdict yet."""
    REGISTERING = "registering"
    """It deserves it, and the store has not confirmed it yet."""
    UP = "up"
    DOWN = "down"
    """Its checks fail."""
    LOST = "lost"
    """Nobody can tell whether its record still stands."""
    CONFLICT = "conflict"
    """Somebody else's living lease holds its key."""
    FLAPPING = "flapping"
    """It changed too often, and is held down until calm."""
    DRAINED = "drained"
    """Its operator took it away."""
    OFF = "off"
    """It is not declared any more."""


class RegistrationChanged(Struct, frozen=True):
    """A service's registration went into another state.

    Attributes:
        service: which one.
        state: where it stands now.
        why: what brought it there, where that is no error; "" where it is plain.
        error: what went wrong; None where nothing did.
    """

    service: ServiceRef
    state: RegistrationState
    why: str = ""
    error: ConfwatchError | None = None


class LeasesUnkept(Struct, frozen=True):
    """Leases could not be remembered: a restart would announce anew."""

    error: ConfwatchError


Fact: TypeAlias = (
    PassEnded
    | PutBack
    | WrittenInPlace
    | RecordsSkipped
    | Drifted
    | Repaired
    | ReloadOwed
    | ReloadEnded
    | ProvenNow
    | RecordFailed
    | SourceLoaded
    | SourceFailed
    | SourceBack
    | RegistrationChanged
    | LeasesUnkept
)
Tell: TypeAlias = Callable[[Fact], None]
"""Takes a fact at once, without waiting and without failing."""
