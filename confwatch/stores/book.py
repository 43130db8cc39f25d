"""What a session knows to stand under its lease, or fears to. Pure."""

from collections.abc import Collection, Mapping

from confwatch.model.keys import Key
from confwatch.model.service import Written


class Book:
    """The records of one lease.

    Attributes:
        keys: what may stand; also where the answer to a put was lost.
        written: what was confirmed, and is not in doubt.
        standing: the digests of *written*.
    """

    def __init__(self, keys: Collection[Key], written: Mapping[Key, Written]) -> None:
        self.keys = set(keys)
        self.written = {k: one for k, one in written.items() if k in self.keys}
        self.standing = {k: one.digest for k, one in self.written.items()}

    def doubt(self, key: Key) -> None:
        """Note that *key* is about to be written, so that anything may stand."""
        self.keys.add(key)
        self.written.pop(key, None)
        self.standing.pop(key, None)

    def confirm(self, key: Key, written: Written) -> None:
        """Note what the store said that it holds."""
        self.keys.add(key)
        self.written[key] = written
        self.standing[key] = written.digest

    def drop(self, key: Key) -> None:
        """Note that *key* does not stand under the lease."""
        self.doubt(key)
        self.keys.discard(key)

    def settle(
        self, found: Collection[Key], written: Mapping[Key, Written]
    ) -> frozenset[Key]:
        """Correct all of it after a look; return what ``Session.recall`` does.

        Args:
            found: all that the store has under the lease.
            written: of our own keys there, those of which the bytes are known.
        """
        strange = frozenset(found) - self.keys
        for key in self.written.keys() - written.keys():
            if key in found:
                self.doubt(key)
            else:
                self.drop(key)
        for key, one in written.items():
            self.confirm(key, one)
        return strange | written.keys()
