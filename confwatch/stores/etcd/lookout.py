"""Looks beside the watch: is the store alive, still the same, and was all told?

Every half minute where a watch is silent; where one never is, as often as is proven
that it kept nothing back. Where no watch comes through, a look is all there is.
"""

import asyncio
from collections.abc import Mapping

from confwatch.errors import SourceMissed
from confwatch.model.keys import Key
from confwatch.stores.etcd.change import Scope, newest_floor
from confwatch.stores.etcd.client import Client
from confwatch.stores.etcd.meaning import Compacted
from confwatch.stores.etcd.proof import Prover
from confwatch.stores.etcd.stream import WentBack
from confwatch.stores.etcd.watch import Watch, is_long_ago

POLL_S = 5.0
"""Between looks where no watch comes through."""
UNFIT_S = 300.0
"""How soon a watch is tried again there: its proxy may be another one."""


class Lookout:
    """Of one subscription."""

    def __init__(self, watch: Watch, prover: Prover) -> None:
        self._watch = watch
        self._prover = prover
        self._poll_until = 0.0
        self.begin()

    def begin(self) -> None:
        """Begin with a whole picture."""
        # The store's revision a look ago: what happened by then is here by now.
        self._seen: int | None = None
        self._looked_at = 0.0

    @property
    def polls(self) -> bool:
        """Whether no watch comes through, so that it is looked again and again."""
        return asyncio.get_running_loop().time() < self._poll_until

    def unfit(self) -> None:
        """Take it that no watch comes through."""
        self._poll_until = asyncio.get_running_loop().time() + UNFIT_S

    def due(self) -> bool:
        """Tell whether it is time for a look."""
        if self._watch.is_silent():
            return True
        return self._prover.due() and is_long_ago(self._looked_at)

    async def look(
        self, client: Client, scopes: Mapping[Key, Scope], inner: set[Key]
    ) -> None:
        """Ask whether the cluster is alive and the same, and now and then for all.

        Raises:
            WentBack, SourceMissed: nothing but the whole picture helps.
            SourceError: it does not answer.
        """
        revision = await self._prover.revision(client, scopes)
        self._watch.settle(scopes)
        if revision < newest_floor(scopes):
            raise WentBack(client.shown, "its revision went back")
        if self._seen is not None and self._prover.due():
            await self._prove(client, scopes, inner, self._seen)
        self._seen = revision
        self._looked_at = asyncio.get_running_loop().time()
        self._watch.heard()

    async def _prove(
        self, client: Client, scopes: Mapping[Key, Scope], inner: set[Key], until: int
    ) -> None:
        """Prove that all was told that happened until a look ago."""
        try:
            await self._prover.prove(client, scopes, inner, until)
        except Compacted:
            return  # nobody can tell any more; the next look can
        # Nothing of ours happened up to there: a compaction below it is no loss.
        for scope in scopes.values():
            scope.floor = max(scope.floor, until)

    async def poll(
        self, client: Client, scopes: Mapping[Key, Scope], inner: set[Key]
    ) -> bool:
        """Look after a while, or once woken; False where something changed.

        Raises:
            SourceError: it does not answer, or is another one.
        """
        try:
            async with asyncio.timeout(POLL_S):
                await self._watch.woken()
        except TimeoutError:
            await self._prover.recognize(client, scopes, inner)
            try:
                await self._prover.prove(client, scopes, inner)
            except SourceMissed:
                return False  # nobody kept it from us: nobody was asked
        return True
