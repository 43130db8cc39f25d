"""Whose meaning confd's TOML has: the original's or the living fork's."""

from msgspec import Struct

from confwatch.model.keys import ROOT, Key, join


class ConfdWays(Struct, frozen=True):
    """What an operator told about the confd whose files are read.

    Attributes:
        compat: "0.16" for the original, "0.41" for the living fork.
        prefix: confd's global ``-prefix``; the root where none is set.
    """

    compat: str = "0.16"
    prefix: Key = ROOT

    @property
    def forked(self) -> bool:
        """Whether the living fork is meant."""
        return self.compat == "0.41"

    def prefix_of(self, own: Key) -> Key:
        """Return the prefix of a resource that declares *own*.

        The original lets the global prefix replace a resource's, the fork joins them.
        """
        if self.forked:
            return join(self.prefix, own)
        return own if self.prefix == ROOT else self.prefix


ORIGINAL = ConfdWays()
"""What holds where nothing is told."""
