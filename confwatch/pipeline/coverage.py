"""What each store has to tell: the prefixes that the resources need, joined."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from confwatch.model.keys import Key, Ref, outermost

MAX_ROUNDS = 8
"""Renders in a row that may ask for more keys: one for each step of nested lookups."""


@dataclass(slots=True)
class _Wish:
    """What one resource needs, and how often it asked for more in a row."""

    declared: frozenset[Ref]
    found: set[Ref] = field(default_factory=set)
    rounds: int = 0


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

        Those an operator declared; of a resource that declares none, all it asks for.
        """
        return self._wishes[resource].declared or self.wanted(resource)

    def ask(self, resource: str, uncovered: Iterable[Ref]) -> bool:
        """Add what a render missed; False where it has asked too often in a row."""
        wish = self._wishes[resource]
        wish.found.update(uncovered)
        wish.rounds += 1
        return wish.rounds <= MAX_ROUNDS

    def satisfied(self, resource: str) -> None:
        """Count the rounds anew: a render found all it asked for."""
        self._wishes[resource].rounds = 0

    def of(self, store: str) -> frozenset[Key]:
        """Return the prefixes one store has to tell, none below another."""
        return outermost(
            ref.key
            for wish in self._wishes.values()
            for ref in (*wish.declared, *wish.found)
            if ref.store == store
        )
