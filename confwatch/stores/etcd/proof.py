"""Proof that a watch has missed nothing, and that it is one of the store we knew.

As cheap as etcd allows: a few ranges of one key each, in one transaction.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping

from confwatch.errors import SourceMissed, SourceUnavailable
from confwatch.model.keys import Key
from confwatch.stores.etcd.change import Scope
from confwatch.stores.etcd.client import Client
from confwatch.stores.etcd.ranges import Namespace, Range
from confwatch.stores.etcd.witnesses import Witness, Witnesses
from confwatch.wire import etcd as wire

MOST_PARTS = 128
"""Operations that etcd takes in one transaction."""


class Replaced(SourceUnavailable):
    """The store is not what it was: wiped, or restored from a backup."""


class Prover:
    """Asks beside the watch."""

    def __init__(
        self, namespace: Namespace, witnesses: Witnesses, every_s: float
    ) -> None:
        """Make a prover whose full proofs are at least *every_s* seconds apart."""
        self._namespace = namespace
        self._witnesses = witnesses
        self._every_s = every_s
        self._cluster = self._term = 0
        self.begin()

    def begin(self) -> None:
        """Count the time to the next full proof from now."""
        self._proven_at = asyncio.get_running_loop().time()

    def meet(self, header: wire.Header) -> None:
        """Take it that this is the cluster that is told of."""
        self._cluster, self._term = header.cluster_id, header.raft_term

    async def revision(self, client: Client, scopes: Mapping[Key, Scope]) -> int:
        """Return the store's revision by reading a single key, one of *scopes*.

        Raises:
            SourceError: it does not answer.
        """
        # What is below a prefix may be read also where the prefix itself may not.
        key = self._namespace.range(min(scopes), inner=True).key
        body = wire.range_body(key, b"")
        answer = await client.call("/v3/kv/range", body, wire.RangeAnswer)
        return answer.header.revision

    def due(self) -> bool:
        """Tell whether it is time for a full proof."""
        loop = asyncio.get_running_loop()
        return loop.time() - self._proven_at >= self._every_s

    async def prove(
        self,
        client: Client,
        scopes: Mapping[Key, Scope],
        inner: set[Key],
        until: int | None = None,
    ) -> None:
        """Return where nothing happened that was not told.

        A put shows by its revision, a delete by the number of keys left.

        Args:
            client: asks etcd.
            scopes: what was told.
            inner: those of which we may read only what is below.
            until: a revision of some time ago, so that nothing of it is on its way
                still; None for now, where no watch runs.

        Raises:
            SourceMissed: only the whole picture helps.
            Compacted: what was at *until* is not known any more.
            SourceError: no answer.
        """
        parts = self._changes(
            scopes, inner, lambda one: 0 if until is None else max(one.floor, until)
        )
        _, answers = await self._asked(client, [body for _, body in parts])
        wrong = _other_than_told([prefix for prefix, _ in parts], answers, scopes)
        if wrong is not None:
            raise SourceMissed(client.shown, f"a change below {wrong} was missed")
        self.begin()

    async def recognize(
        self, client: Client, scopes: Mapping[Key, Scope], inner: set[Key]
    ) -> None:
        """Return where the store is still the one that told what it told.

        Asked is how it was when we heard of it last: what happened since is told by
        the watch. Whoever restores a backup, or fills an empty store anew, and then
        comes to the very same revisions has other keys there, or other values.

        Raises:
            Replaced: it is another one, or an older self.
            Compacted, Ahead, SourceError: it cannot tell.
        """
        parts = self._changes(scopes, inner, lambda one: one.floor)
        witnesses = [*self._witnessed(scopes)]
        bodies = [body for _, body in parts] + [body for _, body in witnesses]
        header, answers = await self._asked(client, bodies)
        if header.cluster_id != self._cluster or header.raft_term < self._term:
            raise Replaced(client.shown, "it is another cluster than before")
        self.meet(header)
        wrong = _other_than_told([one for one, _ in parts], answers, scopes)
        told = zip(witnesses, answers[len(parts) :], strict=True)
        if wrong or not all(one.agrees(answer) for (one, _), answer in told):
            problem = "its history is another one: was it wiped or restored?"
            raise Replaced(client.shown, problem)

    def _changes(
        self,
        scopes: Mapping[Key, Scope],
        inner: set[Key],
        moment: Callable[[Scope], int],
    ) -> list[tuple[Key, wire.Body]]:
        """Return how to ask, by prefix, for a change that was not told by a moment."""
        return [
            (
                prefix,
                wire.changed_since(
                    span.key, span.end, one.newest, revision=moment(one)
                ),
            )
            for prefix, one in sorted(scopes.items())
            for span in self._spans(prefix, inner)
        ]

    def _witnessed(
        self, scopes: Mapping[Key, Scope]
    ) -> Iterator[tuple[Witness, wire.Body]]:
        """Yield the keys that were told last, and how to ask for them."""
        for key, witness in self._witnesses.all():
            prefix = self._namespace.scope(key, scopes)
            if prefix is not None:
                body = wire.range_body(key, b"", revision=scopes[prefix].floor)
                long = witness.version and witness.digest is None
                yield witness, {**body, "keys_only": True} if long else body

    def _spans(self, prefix: Key, inner: set[Key]) -> Iterator[Range]:
        """Yield the ranges of a prefix: what is below, and its own key."""
        below = self._namespace.range(prefix, inner=True)
        yield below
        raw = self._namespace.raw(prefix)
        if prefix not in inner and below.key != raw:
            yield Range(raw, b"")

    async def _asked(
        self, client: Client, bodies: list[wire.Body]
    ) -> tuple[wire.Header, list[wire.RangeAnswer]]:
        """Ask for ranges, and return the header of the first answer."""
        header: wire.Header | None = None
        found: list[wire.RangeAnswer] = []
        for at in range(0, len(bodies), MOST_PARTS):
            body = wire.ranges_body(bodies[at : at + MOST_PARTS])
            answer = await client.call("/v3/kv/txn", body, wire.TxnAnswer)
            header = header or answer.header
            found += [
                one.response_range or wire.RangeAnswer() for one in answer.responses
            ]
        return header or wire.Header(), found


def _other_than_told(
    owners: list[Key], answers: list[wire.RangeAnswer], scopes: Mapping[Key, Scope]
) -> Key | None:
    """Name a prefix that has changes, or numbers of keys, that were not told."""
    counts = dict.fromkeys(owners, 0)
    for owner, answer in zip(owners, answers, strict=False):
        if answer.kvs:
            return owner
        counts[owner] += answer.count
    wrong = (one for one, count in counts.items() if count != scopes[one].count)
    return next(wrong, None)
