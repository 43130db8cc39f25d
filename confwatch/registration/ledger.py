"""Where every registration stands, since when, and what went wrong last."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass

from confwatch.errors import ConfwatchError
from confwatch.model.facts import RegistrationChanged, RegistrationState, Tell
from confwatch.model.keys import Key
from confwatch.model.service import ServiceRef

SETTLED = frozenset(
    {
        RegistrationState.UP,
        RegistrationState.DOWN,
        RegistrationState.CONFLICT,
        RegistrationState.FLAPPING,
        RegistrationState.DRAINED,
        RegistrationState.OFF,
    }
)
"""Where nothing more is to be waited for."""


@dataclass(slots=True)
class Entry:
    """One registration.

    Attributes:
        state: where it stands.
        why: what keeps it from more; "" where nothing does.
        error: the last thing that went wrong; None once it is as it should be.
        since: wall clock of the last change of state, for people.
        key: of its record; None where that is not known yet.
        stood: whether its record stood in this run, or was adopted: who loses a key
            after that does not fight back.
        losses: how often it was lost.
    """

    state: RegistrationState
    why: str = ""
    error: ConfwatchError | None = None
    since: float = 0.0
    key: Key | None = None
    stood: bool = False
    losses: int = 0


class Ledger:
    """All entries, by registration; tells every change of state.

    Attributes:
        moved: set at each change of state; who waits for one clears it.
    """

    def __init__(self, tell: Tell) -> None:
        self.entries: dict[ServiceRef, Entry] = {}
        self.moved = asyncio.Event()
        self._tell = tell

    def open(self, refs: Iterable[ServiceRef]) -> None:
        """Have an entry for each of *refs*, and for nothing else."""
        wanted = set(refs)
        for gone in self.entries.keys() - wanted:
            self.enter(gone, RegistrationState.OFF)
            del self.entries[gone]
        for ref in wanted - self.entries.keys():
            self.entries[ref] = Entry(RegistrationState.GATED, since=time.time())
            self._tell(RegistrationChanged(ref, RegistrationState.GATED))

    def enter(
        self,
        ref: ServiceRef,
        state: RegistrationState,
        *,
        why: str = "",
        error: ConfwatchError | None = None,
    ) -> None:
        """Note where a registration stands, and tell it where that is news.

        Of one that is not declared any more nothing is noted.
        """
        entry = self.entries.get(ref)
        if entry is None:
            return
        if entry.state is state and (error is None or str(error) == str(entry.error)):
            entry.why, entry.error = why, error
            return
        if entry.state is not state:
            entry.since = time.time()
            entry.losses += state is RegistrationState.LOST
        entry.state, entry.why, entry.error = state, why, error
        self._tell(RegistrationChanged(ref, state, why, error))
        self.moved.set()

    def note(self, ref: ServiceRef, error: ConfwatchError) -> None:
        """Note what went wrong with a registration that stands where it stood."""
        entry = self.entries.get(ref)
        if entry is not None:
            entry.error = error

    def placed(self, ref: ServiceRef, key: Key) -> None:
        """Note where the record of a registration stands now."""
        entry = self.entries.get(ref)
        if entry is not None:
            entry.key, entry.stood = key, True

    def stood(self, ref: ServiceRef) -> bool:
        """Tell whether the record of a registration ever stood in this run."""
        entry = self.entries.get(ref)
        return entry is not None and entry.stood

    def state(self, ref: ServiceRef) -> RegistrationState:
        """Return where a registration stands."""
        entry = self.entries.get(ref)
        return RegistrationState.OFF if entry is None else entry.state

    def settled(self, ref: ServiceRef) -> bool:
        """Tell whether a registration came to where it will stay for now."""
        return self.state(ref) in SETTLED
