"""Empty pictures that are not believed at once.

A prefix that had keys and of which a fresh picture has none was more likely lost by
its store (restarted empty, restored, filtered by a permission) than emptied by hand.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from confwatch.mirror.mirror import Mirror
from confwatch.model.keys import Ref
from confwatch.model.resource import HoldOnEmpty


class Doubts:
    """Which prefixes of which resources are doubted now."""

    def __init__(self, mirrors: Mapping[str, Mirror]) -> None:
        self._mirrors = mirrors
        self._of: defaultdict[str, set[Ref]] = defaultdict(set)

    def add(self, resource: str, refs: Iterable[Ref]) -> None:
        """Doubt those of *refs* that have no keys."""
        doubted = [ref for ref in refs if not self.has_keys(ref)]
        if doubted:
            self._of[resource].update(doubted)

    def clear(self, resource: str) -> None:
        """Believe what there is: the operator said so, or the resource is gone."""
        self._of.pop(resource, None)

    def empty(
        self, resource: str, hold: HoldOnEmpty, refs: frozenset[Ref]
    ) -> tuple[Ref, ...]:
        """Return the prefixes for whose emptiness the resource has to be held.

        Args:
            resource: its name; doubts about prefixes that have keys again, or that it
                no longer looks at, are dropped.
            hold: what its operator wants.
            refs: its prefixes.
        """
        if hold is HoldOnEmpty.NEVER:
            return ()
        doubted = self._of.pop(resource, set()).intersection(refs)
        if hold is HoldOnEmpty.ALWAYS:
            doubted = {*refs}
        doubted = {ref for ref in doubted if not self.has_keys(ref)}
        if doubted:
            self._of[resource] = doubted
        return tuple(sorted(doubted))

    def settled(self) -> list[str]:
        """Name the resources of which a doubted prefix has keys again."""
        return [
            resource
            for resource, refs in self._of.items()
            if any(self.has_keys(ref) for ref in refs)
        ]

    def has_keys(self, ref: Ref) -> bool:
        """Tell whether a prefix has any key now."""
        return self._mirrors[ref.store].has_keys(ref.key)
