"""What is remembered where there is no state folder: nothing."""

from collections.abc import Mapping

from confwatch.model.records import Proven
from confwatch.model.service import LeaseState


class Nowhere:
    """``contracts.Records`` of a dry run, and of a machine that keeps no state."""

    def proven(self, resource: str) -> Proven | None:
        """Know of nothing proven."""
        del resource
        return None

    def save_proven(self, proven: Proven) -> None:
        """Forget it at once."""

    def leases(self) -> Mapping[str, LeaseState]:
        """Know of no lease."""
        return {}

    def save_leases(self, leases: Mapping[str, LeaseState]) -> None:
        """Forget them at once."""

    def drained(self) -> frozenset[str]:
        """Know of nothing drained."""
        return frozenset()

    def save_drained(self, words: frozenset[str]) -> None:
        """Forget them at once."""
