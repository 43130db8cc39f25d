"""Who may have a key that several want, of us or of others. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from confwatch.errors import KeyHeld
from confwatch.model.keys import Key
from confwatch.model.service import Record, ServiceRef


@dataclass(frozen=True, slots=True)
class Lost:
    """A key that somebody else has.

    Attributes:
        error: says who.
        ask_at: not to be asked for before this, on the loop's clock.
    """

    error: KeyHeld
    ask_at: float


def shared_out(
    records: Mapping[ServiceRef, Record], before: Mapping[Key, ServiceRef]
) -> dict[Key, ServiceRef]:
    """Give each key to one of us: whoever had it, else whoever was declared first.

    Two services may come to one key, for what a custom key is filled in with is known
    late. They must not write over one another for ever.
    """
    asking: defaultdict[Key, list[ServiceRef]] = defaultdict(list)
    for ref, record in records.items():
        asking[record.key].append(ref)
    return {
        key: before[key] if before.get(key) in refs else refs[0]
        for key, refs in asking.items()
    }


def held_by(store: str, key: Key, rivals: Iterable[ServiceRef]) -> KeyHeld | None:
    """Return the error of a key that another service of ours has; None without one."""
    rival = next(iter(rivals), None)
    if rival is None:
        return None
    fields = {"key": key, "service": str(rival)}
    return KeyHeld(store, f"{key} is the key of {rival} as well", fields)
