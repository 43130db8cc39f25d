"""What each store has to tell: the prefixes that the resources need, joined."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from confwatch.mirror.globs import glob
from confwatch.model.keys import Key, Ref, outermost
from confwatch.model.reads import Reads

MAX_ROUNDS = 8
"""Renders in a row that may ask for more keys: one for each step of nested lookups."""


@dataclass(slots=True)
class _Wish:
    """What one resource needs, and how often it asked for more in a row.

    Attributes:
        declared: by its operator.
        found: what its renders asked for beyond that.
        listed: what its last good render looked through, as listings and patterns do.
        rounds: renders in a row that asked for more.
        met: whether the last render found all it asked for.
    """

    declared: frozenset[Ref]
    found: set[Ref] = field(default_factory=set)
    listed: frozenset[Ref] = frozenset()
    rounds: int = 0
    met: bool = False


class Coverage:
    """The wishes of all resources; joined they are what the stores have to tell."""

    def __init__(self) -> None:
        self._wishes: dict[str, _Wish] = {}

    def declare(self, resource: str, refs: frozenset[Ref]) -> None:
        """Begin a resource, or begin it anew, with the prefixes it declares."""
        self._wishes[resource] = _Wish(refs)

    def forget(self, resource: str) -> None:
        """Drop the wishes of a resource that is gone."""
        self._wishes.pop(resource, None)

    def resources(self) -> tuple[str, ...]:
        """Name all resources that have wishes."""
        return tuple(self._wishes)

    def wanted(self, resource: str) -> frozenset[Ref]:
        """Return all that a resource needs: declared and found while rendering."""
        wish = self._wishes[resource]
        return wish.declared | wish.found

    def doubted(self, resource: str) -> frozenset[Ref]:
        """Return the prefixes whose emptiness is doubted.

        Those an operator declared; of a resource that declares none, those it looks
        through. A single key that is not there is an error or has a default already.
        """
        wish = self._wishes[resource]
        return wish.declared or wish.listed

    def declares(self, resource: str) -> bool:
        """Tell whether an operator declared what this resource reads."""
        return bool(self._wishes[resource].declared)

    def recall(self, resource: str, listed: frozenset[Ref]) -> None:
        """Want what an earlier run looked through, if nothing is declared."""
        wish = self._wishes[resource]
        if not wish.declared:
            wish.found |= listed
            wish.listed = listed

    def ask(self, resource: str, uncovered: Iterable[Ref]) -> bool:
        """Add what a render missed; False where it has asked too often in a row."""
        wish = self._wishes[resource]
        if wish.rounds >= MAX_ROUNDS:
            return False
        wish.found.update(uncovered)
        wish.rounds += 1
        wish.met = False
        return True

    def forgive(self, resource: str) -> None:
        """Count the rounds anew: something is not as it was."""
        self._wishes[resource].rounds = 0

    def satisfied(self, resource: str, reads: Reads) -> None:
        """Take it that a render found all it asked for."""
        wish = self._wishes[resource]
        wish.rounds = 0
        wish.met = True
        wish.listed = _listed(reads)

    def shrink(self, resource: str, reads: Reads) -> None:
        """Want no more than what is declared and what *reads* asked for.

        What a render still waits for is wanted, also where that takes its store long.
        """
        wish = self._wishes[resource]
        if wish.met:
            wish.found &= reads.keys | _listed(reads)

    def of(self, store: str) -> frozenset[Key]:
        """Return the prefixes one store has to tell, none below another."""
        return outermost(
            ref.key
            for wish in self._wishes.values()
            for ref in (*wish.declared, *wish.found)
            if ref.store == store
        )


def _listed(reads: Reads) -> frozenset[Ref]:
    """Return the prefixes that a render looked through."""
    heads = (Ref(one.store, glob(one.key).head) for one in reads.globs)
    return reads.folders.union(heads)
