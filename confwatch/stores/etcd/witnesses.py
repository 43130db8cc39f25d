"""What the store told last, by which it is known again. Pure.

A revision alone proves nothing: a store that was wiped, or restored from a backup, and
then written past it has that revision as well, with another history.
"""

import heapq
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from confwatch.wire import etcd as wire

MOST = 64
MOST_BYTES = 16 * 1024
"""Of a longer value only the versions are compared."""


@dataclass(frozen=True, slots=True)
class Witness:
    """One key as it was told; where it was deleted all is 0 and None.

    Attributes:
        mod_revision: of its last change.
        version: puts since it was made.
        digest: of its value; None where that is too long to be read again.
    """

    mod_revision: int = 0
    version: int = 0
    digest: int | None = None

    def agrees(self, answer: wire.RangeAnswer) -> bool:
        """Tell whether the store still says of this key what it told."""
        if not answer.kvs or not self.version:
            return bool(self.version) == bool(answer.kvs)
        now = answer.kvs[0]
        same = (now.mod_revision, now.version) == (self.mod_revision, self.version)
        return same and self.digest in (None, hash(now.value))


class Witnesses:
    """The keys that changed last."""

    def __init__(self) -> None:
        self._told: dict[bytes, Witness] = {}

    def loaded(self, newest: Iterable[wire.KeyValue]) -> None:
        """Take keys of a picture, as far as there is room."""
        for one in newest:
            if len(self._told) < MOST:
                self._told.setdefault(one.key, _of(one))

    def changed(self, event: wire.Event) -> None:
        """Take one change; it drives out the oldest."""
        self._told.pop(event.kv.key, None)
        gone = event.type == "DELETE"
        self._told[event.kv.key] = Witness() if gone else _of(event.kv)
        if len(self._told) > MOST:
            del self._told[next(iter(self._told))]

    def keep(self, wanted: Callable[[bytes], bool]) -> None:
        """Forget keys of which nothing is told any more."""
        self._told = {key: one for key, one in self._told.items() if wanted(key)}

    def all(self) -> list[tuple[bytes, Witness]]:
        """Return them."""
        return [*self._told.items()]


def newest(pairs: Iterable[wire.KeyValue]) -> list[wire.KeyValue]:
    """Return the pairs that changed last, as many as can be witnesses."""
    return heapq.nlargest(MOST, pairs, key=operator.attrgetter("mod_revision"))


def _of(pair: wire.KeyValue) -> Witness:
    short = len(pair.value) <= MOST_BYTES
    digest = hash(pair.value) if short else None
    return Witness(pair.mod_revision, pair.version, digest)
