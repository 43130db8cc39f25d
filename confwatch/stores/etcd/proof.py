"""Proof that a silent watch has missed nothing, as cheap as etcd allows."""

import asyncio
from collections.abc import Mapping

from confwatch.errors import SourceMissed
from confwatch.model.keys import Key
from confwatch.stores.etcd.change import Scope
from confwatch.stores.etcd.client import Client
from confwatch.stores.etcd.ranges import Namespace
from confwatch.wire import etcd as wire

MOST_PARTS = 128
"""Operations that etcd takes in one transaction."""


class Prover:
    """Asks beside the watch."""

    def __init__(self, namespace: Namespace, every_s: float) -> None:
        """Make a prover whose full proofs are at least *every_s* seconds apart."""
        self._namespace = namespace
        self._every_s = every_s
        self._proven_at = asyncio.get_running_loop().time()

    async def revision(self, client: Client) -> int:
        """Return the store's revision by reading a single key.

        Raises:
            SourceError: it does not answer.
        """
        body = wire.range_body(self._namespace.raw(self._namespace.prefix), b"")
        answer = await client.call("/v3/kv/range", body, wire.RangeAnswer)
        return answer.header.revision

    def due(self) -> bool:
        """Tell whether it is time for a full proof."""
        loop = asyncio.get_running_loop()
        return loop.time() - self._proven_at >= self._every_s

    async def prove(
        self, client: Client, scopes: Mapping[Key, Scope], inner: set[Key]
    ) -> int:
        """Return a revision up to which nothing happened that was not told.

        A put shows by its revision, a delete by the number of keys left.

        Raises:
            SourceMissed: only the whole picture helps.
            SourceError: no answer.
        """
        proven = 0
        prefixes = sorted(scopes)
        # Two parts a prefix: its own key, and what is below.
        for at in range(0, len(prefixes), MOST_PARTS // 2):
            some = prefixes[at : at + MOST_PARTS // 2]
            answer = await self._ask(client, some, scopes, inner)
            proven = min(proven or answer.header.revision, answer.header.revision)
        self._proven_at = asyncio.get_running_loop().time()
        return proven

    async def _ask(
        self,
        client: Client,
        prefixes: list[Key],
        scopes: Mapping[Key, Scope],
        inner: set[Key],
    ) -> wire.TxnAnswer:
        """Ask about some prefixes in one transaction."""
        parts: list[tuple[bytes, bytes]] = []
        owners: list[Key] = []
        for prefix in prefixes:
            below = self._namespace.range(prefix, inner=True)
            spans = [(below.key, below.end)]
            raw = self._namespace.raw(prefix)
            if prefix not in inner and below.key != raw:
                spans.append((raw, b""))
            parts += spans
            owners += [prefix] * len(spans)
        oldest = min(scopes[prefix].floor for prefix in prefixes)
        body = wire.changed_since_body(parts, oldest)
        answer = await client.call("/v3/kv/txn", body, wire.TxnAnswer)
        counts = dict.fromkeys(prefixes, 0)
        for owner, part in zip(owners, answer.responses, strict=False):
            told = part.response_range or wire.RangeAnswer()
            counts[owner] += told.count
            if any(one.mod_revision > scopes[owner].floor for one in told.kvs):
                raise SourceMissed(client.shown, f"a change below {owner} was missed")
        for owner, count in counts.items():
            if count != scopes[owner].count:
                raise SourceMissed(client.shown, f"keys below {owner} were missed")
        return answer
