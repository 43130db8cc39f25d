"""Announced records that a resource's render left out: told when they are new."""

from collections.abc import Mapping

from confwatch.model.facts import RecordsSkipped, Tell
from confwatch.model.keys import Ref


class Skips:
    """What one resource's last render could not understand.

    Attributes:
        records: by key, what is wrong with it.
    """

    def __init__(self, resource: str, tell: Tell) -> None:
        self.records: Mapping[Ref, str] = {}
        self._resource = resource
        self._tell = tell

    def note(self, skipped: Mapping[Ref, str]) -> None:
        """Take over what a render left out; what is new in it is told."""
        known = self.records.items()
        new = {ref: told for ref, told in skipped.items() if (ref, told) not in known}
        self.records = dict(skipped)
        if new:
            self._tell(RecordsSkipped(self._resource, new, len(skipped)))
