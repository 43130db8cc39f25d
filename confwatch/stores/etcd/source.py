"""etcd, watched: one stream where that can be, and no change missed."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from confwatch.errors import SourceDenied, SourceError, SourceGarbled, SourceMissed
from confwatch.model.events import Consistency, Loaded, Revision, StoreEvent
from confwatch.model.keys import Key, is_covered, outermost
from confwatch.stores.etcd.change import Scope, newest_floor
from confwatch.stores.etcd.client import Client, Endpoints, connected
from confwatch.stores.etcd.listing import Listing, denied, list_prefixes
from confwatch.stores.etcd.lookout import Lookout
from confwatch.stores.etcd.meaning import Ahead, Compacted, Denied
from confwatch.stores.etcd.options import Options
from confwatch.stores.etcd.proof import Prover, Replaced
from confwatch.stores.etcd.ranges import Namespace
from confwatch.stores.etcd.refusals import DENIED_S, Refusals
from confwatch.stores.etcd.stream import Unfit, WentBack
from confwatch.stores.etcd.watch import Watch
from confwatch.stores.etcd.witnesses import Witnesses

_ANEW = (Ahead, Compacted, Replaced, SourceGarbled, SourceMissed, Unfit, WentBack)
"""After these nothing helps but the whole picture: a resume would end the same way."""


class EtcdSource:
    """Reads one etcd cluster."""

    consistency = Consistency.REVISION

    def __init__(self, options: Options) -> None:
        """Make the source; nothing is opened yet."""
        self._options = options

    @property
    def shown(self) -> str:
        """The store's URL without user part and query."""
        return self._options.shown

    @asynccontextmanager
    async def subscribe(
        self, cover: frozenset[Key]
    ) -> AsyncIterator["EtcdSubscription"]:
        """Open a subscription; leaving the block closes all its sockets."""
        async with asyncio.TaskGroup() as group, AsyncExitStack() as sockets:
            subscription = EtcdSubscription(self._options, group, sockets)
            subscription.cover(cover)
            try:
                yield subscription
            finally:
                await subscription.close()


class EtcdSubscription:
    """The covered prefixes of one cluster, as of the last event.

    Every covered prefix that was told is a scope with a floor: the revision up to which
    all that happened to it is told. A watch that broke goes on from there, if the store
    still has that history and is still the same store; else the whole picture is told.
    """

    def __init__(
        self, options: Options, group: asyncio.TaskGroup, sockets: AsyncExitStack
    ) -> None:
        self._options = options
        self._sockets = sockets
        self._endpoints = Endpoints(options.endpoints)
        self._client: Client | None = None
        self._namespace = Namespace(options.prefix)
        self._cover: frozenset[Key] = frozenset()
        self._scopes: dict[Key, Scope] = {}
        self._inner: set[Key] = set()
        self._refusals = Refusals(options.shown)
        self._witnesses = Witnesses()
        self._watch = Watch(self._namespace, group, self._witnesses)
        self._prover = Prover(self._namespace, self._witnesses, options.reconcile_s)
        self._lookout = Lookout(self._watch, self._prover)
        # After a failure: whether it is the same store is not known yet.
        self._doubted = False
        # It was found to be the same, by what changed last; the rest is read later.
        self._resumed = False
        self._moved_at = asyncio.get_running_loop().time()

    def cover(self, prefixes: frozenset[Key]) -> None:
        """Widen or narrow what is watched."""
        self._cover = outermost(prefixes)
        # Before any is forgotten: a stream that is given up knew how far it was.
        self._watch.settle(self._scopes)
        told = self._scopes.items()
        self._scopes = {prefix: one for prefix, one in told if prefix in self._cover}
        self._keep_witnesses()
        self._refusals.keep(self._cover)
        self._watch.wake()

    def refused(self) -> SourceDenied | None:
        """Tell which prefixes we may not read, and that the others go on."""
        return self._refusals.error()

    def moved_at(self) -> float:
        """Tell when the cluster last answered or told anything."""
        if self._doubted:
            # A member without its quorum takes up a watch all the same.
            return self._moved_at
        return max(self._moved_at, self._watch.heard_at())

    async def next(self) -> StoreEvent:
        """Return the next event.

        Raises:
            SourceUnavailable, SourceRejected, SourceGarbled: see ``contracts.Source``.
        """
        try:
            while True:
                event = await self._next(await self._connected())
                if event is not None:
                    return event
        except _ANEW as error:
            if isinstance(error, Unfit):
                self._lookout.unfit()
            # The next attempt begins with the whole picture.
            self._scopes = {}
            await self._disconnect()
            raise
        except SourceDenied:
            raise  # nothing failed
        except SourceError:
            self._watch.settle(self._scopes)
            await self._disconnect()
            self._doubted = True
            raise

    async def close(self) -> None:
        """End all streams."""
        await self._watch.stop()

    async def _next(self, client: Client) -> StoreEvent | None:
        """Return the next event; None where it is only time to look again."""
        if not self._cover:
            await self._rest()
            return None
        refusal = self._refusals.news()
        if refusal is not None:
            raise refusal
        new = self._missing()
        return await (self._load(client, new) if new else self._follow(client))

    async def _rest(self) -> None:
        """Wait until there is anything to watch."""
        # A stream that dies while nobody listens would be taken for a quiet one.
        await self._watch.stop()
        if not self._cover:
            await self._watch.woken()

    async def _follow(self, client: Client) -> StoreEvent | None:
        """Return the next event of what was told already; None as above."""
        if self._resumed and self._prover.due():
            await self._forget()
            return None
        if self._lookout.polls:
            await self._poll(client)
            return None
        try:
            await self._watch.follow(client, self._scopes, self._inner)
            if not self._watch.fits(self._scopes) or self._missing():
                return None  # the cover changed meanwhile, and its bell is unheard
            if self._doubted and await self._watch.begun():
                await self._recognize(client)
            if self._lookout.due():
                await self._lookout.look(client, self._scopes, self._inner)
                self._alive()
            return await self._watch.next(self._scopes)
        except Denied:
            self._watch.settle(self._scopes)
            await self._watch.stop()
            if not await self._made_smaller(client):
                raise
            return None

    async def _poll(self, client: Client) -> None:
        """Look after a while whether anything changed; if so, all is read again."""
        if not await self._lookout.poll(client, self._scopes, self._inner):
            await self._forget()
        self._alive()

    async def _recognize(self, client: Client) -> None:
        """See that it is the same store as before the failure."""
        await self._prover.recognize(client, self._scopes, self._inner)
        self._doubted, self._resumed = False, True
        self._alive()

    async def _made_smaller(self, client: Client) -> bool:
        """Watch no more than what we may read; False where that is done already."""
        # A range over all prefixes holds keys between them that are not granted.
        if not self._watch.is_split and self._watch.split():
            return True
        # What we could read once may be granted no more; the next list will tell.
        lost = await denied(client, self._namespace, self._scopes, self._inner)
        scopes = dict(self._scopes)
        for one in lost:
            scopes.pop(one, None)
        self._scopes = scopes
        return bool(lost) or self._watch.split()

    async def _load(self, client: Client, new: frozenset[Key]) -> StoreEvent | None:
        """Read the prefixes that were not told yet."""
        found = await list_prefixes(client, self._namespace, new, self._inner)
        self._alive()
        # Where all of it is denied there is none.
        if found.counts and found.revision < newest_floor(self._scopes):
            raise WentBack(client.shown, "its revision went back")
        self._inner = found.inner
        # The cover may have changed while the pages came.
        kept = (new & self._cover) - found.denied.keys()
        self._deny(found.denied)
        self._meet(found, kept)
        entries = {k: v for k, v in found.entries.items() if is_covered(k, kept)}
        return Loaded(kept, Revision(str(found.revision)), entries) if kept else None

    def _meet(self, found: Listing, kept: frozenset[Key]) -> None:
        """Follow what was listed from now on."""
        if not self._scopes:
            self._prover.meet(found.header)
            self._lookout.begin()
            self._doubted = self._resumed = False
        self._refusals.lift(kept)
        # What was known of these is not what they are now.
        self._keep_witnesses()
        counts, latest = found.counts, found.latest
        self._scopes = self._scopes | {
            one: Scope(found.revision, counts[one], latest[one]) for one in kept
        }
        self._witnesses.loaded(found.newest)

    async def _forget(self) -> None:
        """Read the whole picture next: what a resumed watch was told is not enough."""
        self._watch.settle(self._scopes)
        await self._watch.stop()
        self._scopes = {}
        self._prover.begin()

    def _keep_witnesses(self) -> None:
        """Forget those of which nothing is told any more."""
        scopes = self._scopes
        self._witnesses.keep(lambda raw: self._namespace.scope(raw, scopes) is not None)

    def _missing(self) -> frozenset[Key]:
        """Return the prefixes to ask for now."""
        if not self._scopes:
            return self._cover  # there is nothing else to do meanwhile
        if len(self._scopes) == len(self._cover):
            return frozenset()  # all of it is told: asked at every event
        return self._cover - self._scopes.keys() - self._refusals.resting()

    def _deny(self, denied: Mapping[Key, Denied]) -> None:
        """Go on without prefixes that we may not read, and let that be known.

        Raises:
            Denied: there are no others.
        """
        self._refusals.note({one: denied[one] for one in denied.keys() & self._cover})
        resting = self._refusals.resting()
        if resting and not self._cover - resting:
            raise self._refusals.first()
        if resting:
            asyncio.get_running_loop().call_later(DENIED_S, self._watch.wake)

    def _alive(self) -> None:
        """Note that the cluster answered."""
        self._moved_at = asyncio.get_running_loop().time()

    async def _connected(self) -> Client:
        """Return the client; certificates are read again after a failure."""
        if self._client is None:
            opened = connected(self._options, self._endpoints)
            self._client = await self._sockets.enter_async_context(opened)
        return self._client

    async def _disconnect(self) -> None:
        """End the streams, and close the sockets of a connection that failed."""
        await self._watch.stop()
        await self._sockets.aclose()
        self._client = None
