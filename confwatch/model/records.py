"""What must outlive the process, as values."""

from collections.abc import Mapping

from msgspec import Struct

from confwatch.model.keys import Ref


class Proven(Struct, frozen=True):
    """What a resource's service last loaded.

    Attributes:
        resource: its name.
        digests: dest to SHA-256 of the content.
        at: wall clock, seconds since the epoch; for people, never compared.
        populated: covered prefixes that had keys then, so that an empty picture
            after a restart is doubted too.
    """

    resource: str
    digests: Mapping[str, str]
    at: float
    populated: frozenset[Ref] = frozenset()
