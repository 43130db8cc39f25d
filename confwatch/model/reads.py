"""What a render looked at: it decides what renders again, and answers why."""

from typing import NamedTuple

from msgspec import Struct

from confwatch.model.keys import Ref


class Name(NamedTuple):
    """A host or service name.

    Attributes:
        kind: "ip" for addresses, "srv" for SRV records.
        text: the name itself.
    """

    kind: str
    text: str


class Reads(Struct, frozen=True):
    """Everything one render of one resource looked at, found or not.

    Attributes:
        keys: exact keys asked for, those that do not exist included.
        globs: patterns, with the resource's prefix before them.
        folders: paths listed by ls and lsdir; only names below them matter.
        uncovered: what was asked for while its store did not cover it yet.
        files: local files read.
        names: names looked up.
        unanswered: those of them of which nothing was known yet.
    """

    keys: frozenset[Ref] = frozenset()
    globs: frozenset[Ref] = frozenset()
    folders: frozenset[Ref] = frozenset()
    uncovered: frozenset[Ref] = frozenset()
    files: frozenset[str] = frozenset()
    names: frozenset[Name] = frozenset()
    unanswered: frozenset[Name] = frozenset()

    def __or__(self, other: "Reads") -> "Reads":
        """Join the reads of two renders."""
        return Reads(
            self.keys | other.keys,
            self.globs | other.globs,
            self.folders | other.folders,
            self.uncovered | other.uncovered,
            self.files | other.files,
            self.names | other.names,
            self.unanswered | other.unanswered,
        )
