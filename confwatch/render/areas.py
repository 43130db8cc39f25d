"""Where in its stores a template looks: what its functions are asked, as places.

Says the same as ``StoreFunctions`` and ``Services``, of which neither is asked here.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, TypeAlias

from confwatch.mirror.globs import escaped, glob
from confwatch.model.formats import SKYDNS, skydns_folder
from confwatch.model.keys import ROOT, Key, Ref, clean, is_below, join
from confwatch.model.reads import Reads
from confwatch.model.resource import Resource

LISTINGS = frozenset({"ls", "lsdir"})
PATTERNS = frozenset({"gets", "getvs"})
FUNCTIONS = frozenset({"exists", "get", "getv", "services"}) | LISTINGS | PATTERNS
"""All that look into a store."""


class Reach(Enum):
    """How much of what is below its place an ask looks at."""

    KEY = "key"
    """The one key."""
    ALL = "all"
    """The key, and whatever is below it."""
    SOME = "some"
    """Something that is there, of which only the beginning is known."""


Place: TypeAlias = tuple[Ref, Reach]


class Area(NamedTuple):
    """One place where a resource looks.

    Attributes:
        ref: the key or the folder, the resource's prefix before it.
        reach: how much of what is below it.
        template: the one that asks; "" where that is not known.
        line: likewise, from 1.
    """

    ref: Ref
    reach: Reach
    template: str = ""
    line: int | None = None

    def meets(self, prefix: Ref) -> bool:
        """Tell whether something below *prefix* may be looked at."""
        if self.ref.store != prefix.store:
            return False
        return is_below(self.ref.key, prefix.key) or (
            self.reach is not Reach.KEY and is_below(prefix.key, self.ref.key)
        )

    def inside(self, prefix: Ref) -> bool:
        """Tell whether nothing beyond *prefix* is looked at."""
        return self.ref.store == prefix.store and is_below(self.ref.key, prefix.key)


@dataclass(frozen=True, slots=True)
class Ways:
    """What the texts of one resource's templates lead to.

    Attributes:
        resource: whose they are.
        stores: the names of all stores.
        registrations: below which services are announced.
    """

    resource: Resource
    stores: Collection[str]
    registrations: Key

    def of(self, function: str, text: str) -> Place | None:
        """Return where a function looks that is given *text*; None for nowhere."""
        store, plain = self._meant(text)
        if function == "services":
            return Ref(store, join(self.registrations, plain)), Reach.ALL
        if not plain.startswith("/"):
            return None
        prefix = self.resource.prefix
        if function in PATTERNS:
            before = "" if prefix == ROOT else escaped(prefix)
            try:
                return Ref(store, glob(before + plain).head), Reach.ALL
            except ValueError:
                return None
        reach = Reach.ALL if function in LISTINGS else Reach.KEY
        return Ref(store, join(prefix, plain)), reach

    def announced(self, name: str, domain: str) -> Place:
        """Return where ``services`` looks for what was written for CoreDNS."""
        store, plain = self._meant(name)
        return Ref(store, skydns_folder(SKYDNS, domain.strip("."), plain)), Reach.ALL

    def begun(self, function: str, text: str) -> Place | None:
        """Return where a function looks whose text begins so; None for anywhere."""
        if "/" not in text or function == "services":
            return None
        head = text[: text.rindex("/") + 1]
        if function in PATTERNS:
            head += "*"
        found = self.of(function, head)
        return None if found is None else (found[0], Reach.SOME)

    def _meant(self, text: str) -> tuple[str, str]:
        """Return the store that a text names, and the rest of it."""
        store, colon, rest = text.partition(":")
        if colon and not text.startswith("/") and store in self.stores:
            return store, rest
        return self.resource.store, text


def areas_of(reads: Reads) -> frozenset[Area]:
    """Return where a render has looked."""
    folders = {*reads.folders}
    for store, pattern in reads.globs:
        folders.add(Ref(store, glob(pattern).head))
    return frozenset(
        {
            *(Area(Ref(one.store, clean(one.key)), Reach.KEY) for one in reads.keys),
            *(Area(Ref(one.store, clean(one.key)), Reach.ALL) for one in folders),
        }
    )
