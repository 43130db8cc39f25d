"""Pairs in order, cut into chunks, so that a change touches one chunk alone."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import islice
from typing import TypeAlias

from confwatch.mirror.pair import Pair
from confwatch.model.keys import encoded

Chunk: TypeAlias = tuple[Pair, ...]

SIZE = 256
"""Pairs of a chunk: what a change copies, and what it makes templates render anew."""


class Listing:
    """The pairs right below one folder, in the bytewise order of their keys.

    Attributes:
        chunks: none is empty; a chunk never changes, another one takes its place.
    """

    __slots__ = ("chunks",)

    def __init__(self, pairs: Iterable[Pair]) -> None:
        """Cut *pairs*, which are in order, into chunks."""
        self.chunks = chunked(pairs)

    def put(self, pair: Pair) -> None:
        """Take a pair in, in place of the one of its key."""
        if not self.chunks:
            self.chunks.append((pair,))
            return
        number, at, there = self._find(pair.key)
        chunk = self.chunks[number]
        grown = (*chunk[:at], pair, *chunk[at + there :])
        if len(grown) > 2 * SIZE:
            self.chunks[number : number + 1] = [grown[:SIZE], grown[SIZE:]]
        else:
            self.chunks[number] = grown

    def remove(self, key: str) -> None:
        """Take the pair of a key out, if there is one."""
        if not self.chunks:
            return
        number, at, there = self._find(key)
        chunk = self.chunks[number]
        if there:
            left = chunk[:at] + chunk[at + 1 :]
            self.chunks[number : number + 1] = [left] if left else []

    def _find(self, key: str) -> tuple[int, int, bool]:
        """Return the chunk of a key, its place there, and whether it is there."""
        wanted = encoded(key)
        after = bisect_right(self.chunks, wanted, key=lambda one: _order(one[0]))
        number = max(after - 1, 0)
        chunk = self.chunks[number]
        at = bisect_left(chunk, wanted, key=_order)
        return number, at, at < len(chunk) and chunk[at].key == key


def chunked(pairs: Iterable[Pair]) -> list[Chunk]:
    """Cut pairs into chunks."""
    left = iter(pairs)
    return [*iter(lambda: tuple(islice(left, SIZE)), ())]


def _order(pair: Pair) -> bytes:
    return encoded(pair.key)
