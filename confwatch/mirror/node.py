"""One key or folder of the tree, and what is listed below it."""

from bisect import bisect_left, insort
from collections.abc import Iterable

from confwatch.mirror.listing import Listing
from confwatch.mirror.pair import Pair
from confwatch.model.keys import ROOT, Key, encoded


class Node:
    """One key or folder, or both.

    Its children are sorted by name when somebody asks, and kept so from then on. The
    pair is kept until the value changes.
    """

    __slots__ = ("children", "cut", "kept", "key", "listings", "order", "value")

    def __init__(self, key: Key) -> None:
        self.key = key
        self.value: str | None = None
        self.children: dict[str, Node] | None = None
        self.order: list[Node] | None = None
        self.listings: dict[int, Listing] | None = None
        self.kept: Pair | None = None
        self.cut = 0

    @property
    def empty(self) -> bool:
        """Whether nothing is here or below."""
        return self.value is None and self.children is None

    def pair(self, value: str, cut: int) -> Pair:
        """Return the pair whose key lacks its first *cut* characters."""
        pair = self.kept
        if pair is None or self.cut != cut:
            pair = self.kept = Pair(self.key[cut:] or ROOT, value)
            self.cut = cut
        return pair

    def sorted(self) -> list["Node"]:
        """Return the children by name, bytewise; not to be changed."""
        if self.order is None:
            children = self.children or {}
            names = sorted(children, key=None if _plain(children) else encoded)
            self.order = [children[name] for name in names]
        return self.order

    def listing(self, cut: int) -> Listing:
        """Return the pairs of the children; not to be changed, and not to be kept."""
        if self.listings is None:
            self.listings = {}
        if cut not in self.listings:
            pairs = (
                one.pair(one.value, cut)
                for one in self.sorted()
                if one.value is not None
            )
            self.listings[cut] = Listing(pairs)
        return self.listings[cut]

    def relist(self, key: Key, child: "Node | None", *, few: bool) -> None:
        """Keep the listings true after one child's value came, went or changed.

        Args:
            key: the child's.
            child: None where it is gone.
            few: not one of so many that to list anew is cheaper.
        """
        if not few:
            self.listings = None
        for cut, listing in (self.listings or {}).items():
            if child is None or child.value is None:
                listing.remove(key[cut:])
            else:
                listing.put(child.pair(child.value, cut))

    def adopt(self, child: "Node", *, few: bool) -> None:
        """Take a child in."""
        if self.children is None:
            self.children = {}
        self.children[name_of(child.key)] = child
        if self.order is not None and few:
            insort(self.order, child, key=_order)
        else:
            self.order = None

    def drop(self, child: "Node", *, few: bool) -> None:
        """Take a child out."""
        if self.children is not None:
            del self.children[name_of(child.key)]
            self.children = self.children or None
        if self.order is not None and few:
            del self.order[bisect_left(self.order, _order(child), key=_order)]
        else:
            self.order = None


def above(key: Key) -> Key:
    """Return the folder that a key is in; of the root itself."""
    return Key(key[: key.rindex("/")] or ROOT)


def name_of(key: str) -> str:
    """Return the last segment of a key."""
    return key[key.rindex("/") + 1 :]


def _order(node: Node) -> bytes:
    return encoded(name_of(node.key))


def _plain(names: Iterable[str]) -> bool:
    """Tell whether the order of characters is that of their bytes."""
    return all(name.isascii() for name in names)
