"""Who may have a key: one rule for all stores. Pure."""

from dataclasses import dataclass

from confwatch.contracts import Claim
from confwatch.errors import KeyHeld
from confwatch.model.service import Record


@dataclass(frozen=True, slots=True)
class Held:
    """A key as a put finds it.

    Attributes:
        value: its bytes.
        lease: the store's name for the lease it is under; "" for none, or a dead one.
    """

    value: bytes
    lease: str


def needs_write(
    record: Record, claim: Claim, found: Held | None, *, ours: str, store: str
) -> bool:
    """Tell whether a record has to be written over what is *found*.

    A key that does not exist is free, and so is one under no lease: somebody's hand
    made it, and nobody keeps it alive.

    Args:
        record: what shall stand.
        claim: what may be done about a key that somebody else's lease holds.
        found: what stands; None for nothing.
        ours: the store's name for our own lease.
        store: its URL, for the error.

    Raises:
        KeyHeld: a living lease of somebody else holds it, and *claim* is not enough.
    """
    if found is None:
        return True
    if found.lease == ours:
        return found.value != record.value
    same = found.value == record.value
    if not found.lease or claim is Claim.ANY or (claim is Claim.SAME and same):
        return True
    fields = {"key": record.key, "lease": found.lease}
    raise KeyHeld(store, f"{record.key} is held by another living lease", fields)
