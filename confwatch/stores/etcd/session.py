"""One lease in etcd, and the records under it.

Every write has a revision of its own, which its key keeps for as long as nobody writes
it again: so a few requests tell of any number of records whether they stand just so.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping

from confwatch.contracts import Claim
from confwatch.errors import (
    ConfwatchError,
    KeyHeld,
    LeaseLost,
    RegistrationRejected,
    SourceError,
    SourceGarbled,
    SourceUnavailable,
)
from confwatch.model.keys import Key
from confwatch.model.service import LeaseState, Record, Written
from confwatch.stores.book import Book
from confwatch.stores.claims import Held, needs_write
from confwatch.stores.etcd.client import CALL_S, Client
from confwatch.stores.etcd.meaning import NotFound, RequestRefused
from confwatch.stores.etcd.ranges import Namespace, as_key
from confwatch.stores.identity import state_of
from confwatch.wire import etcd as wire

TRIES = 3
"""Others may write the same key between our look and our write, but not for ever."""
CLOSE_S = 5.0
MOST_PARTS = 128
"""Operations that etcd takes in one transaction."""


class EtcdSession:
    """One lease of ours."""

    def __init__(
        self,
        client: Client,
        lease: int,
        *,
        asked_s: float,
        granted_s: float,
        book: Book,
    ) -> None:
        self._client = client
        self._namespace = Namespace(client.options.prefix)
        self._lease = lease
        self._asked_s = asked_s
        self._granted_s = granted_s
        self._book = book
        self._revision = 0
        self._went_back = False
        self._detached = False
        self._lost = False

    @property
    def state(self) -> LeaseState:
        """What the next start needs to adopt this lease."""
        lease = (self._client.shown, str(self._lease), self._asked_s)
        return state_of(lease, self._book.keys, self._book.written)

    @property
    def ttl_s(self) -> float:
        """Seconds that records outlive the last renewal; etcd has a least one."""
        return self._granted_s

    @property
    def standing(self) -> Mapping[Key, str]:
        """The digest of what is known to stand, by key."""
        return self._book.standing

    async def adopt(self) -> None:
        """Keep alive what an earlier run left standing, and find what it was.

        Raises:
            LeaseLost: etcd answers, and does not know it.
            SourceUnavailable, SourceRejected: nothing is known.
        """
        await self.renew()
        # It may have been killed before it could write down its last records.
        self._book.keys |= await self.recall()

    async def put(self, record: Record, claim: Claim) -> bool:
        """Make the key hold these bytes under our lease; tell if that took a write.

        Raises:
            LeaseLost: etcd no longer knows the lease.
            KeyHeld: another living lease holds the key, and *claim* is not enough.
            RegistrationRejected: etcd takes no such record from us, or has no space.
            SourceUnavailable, SourceRejected: nothing is known to be written.
        """
        before = self._book.written.get(record.key)
        known = record.key in self._book.keys
        # Before the answer: one that is lost may still have been written.
        self._book.doubt(record.key)
        try:
            return await self._put(record, claim)
        except KeyHeld:
            self._book.drop(record.key)
            raise
        except RequestRefused as error:
            # As it was: a refusal is an answer.
            if not known:
                self._book.drop(record.key)
            elif before is not None:
                self._book.confirm(record.key, before)
            problem = f"{record.key}: {error.problem}"
            fields = {"key": record.key}
            raise RegistrationRejected(error.store, problem, fields) from error

    async def withdraw(self, key: Key) -> None:
        """Remove a record, if it is ours.

        Raises:
            LeaseLost: etcd no longer knows the lease.
            SourceUnavailable, SourceRejected: it may still stand.
        """
        raw = self._namespace.raw(key)
        await self._txn(wire.delete_if_leased_body(raw, self._lease))
        self._book.drop(key)

    async def recall(self) -> frozenset[Key]:
        """Ask etcd which keys stand under the lease, and which just as we wrote them.

        Raises:
            LeaseLost: etcd answers, and does not know it.
            SourceUnavailable, SourceRejected: nothing is known.
        """
        found = await self._under()
        marks = await self._marks(sorted(found & self._book.written.keys()))
        same = {
            key: one
            for key, one in self._book.written.items()
            if key in found and marks.get(key) == one.mark
        }
        self._went_back = False
        return self._book.settle(found, same)

    async def renew(self) -> None:
        """Keep the lease alive, through whichever endpoint answers.

        Raises:
            LeaseLost: etcd answers, and does not know it.
            SourceUnavailable, SourceRejected: not confirmed this time.
        """
        endpoints = len(self._client.options.endpoints)
        answer = await self._client.call(
            "/v3/lease/keepalive",
            {"ID": str(self._lease)},
            wire.KeepAliveAnswer,
            timeout_s=min(CALL_S, self._granted_s / 3) / endpoints,
            anywhere=True,
        )
        if answer.error is not None:
            raise self._client.failure(answer.error.grpc_code, answer.error.message)
        if answer.result is None:
            raise SourceGarbled(self._client.shown, "a keepalive without an answer")
        if answer.result.ttl <= 0:
            # No error: the answer just has no TTL.
            raise self._lost_by("etcd does not know it any more")
        self._granted_s = float(answer.result.ttl)
        self._saw(answer.result.header)
        if self._went_back:
            await self.recall()

    def detach(self) -> None:
        """Leave the lease standing for the next start when the block is left."""
        self._detached = True

    async def close(self) -> None:
        """Revoke the lease and with it every record, unless detached or lost.

        Raises:
            SourceUnavailable, SourceRejected: it goes with its ttl.
        """
        if self._detached or self._lost:
            return
        body = {"ID": str(self._lease)}
        try:
            async with asyncio.timeout(CLOSE_S):
                await self._client.call("/v3/lease/revoke", body, wire.TxnAnswer)
        except NotFound:
            return
        except TimeoutError as error:
            raise SourceUnavailable(self._client.shown, "no answer in time") from error

    async def _put(self, record: Record, claim: Claim) -> bool:
        """Look and write until nobody else wrote in between."""
        raw, ours = self._namespace.raw(record.key), str(self._lease)
        for _ in range(TRIES):
            made = await self._txn(wire.create_body(raw, record.value, self._lease))
            if made.succeeded:
                return self._wrote(record, made.header)
            seen = _first(made)
            if seen is None:
                continue  # it went between the two looks
            found = Held(seen.value, str(seen.lease or ""))
            shown = self._client.shown
            if not needs_write(record, claim, found, ours=ours, store=shown):
                written = Written(record.digest, str(seen.mod_revision))
                self._book.confirm(record.key, written)
                return False
            over = await self._txn(wire.replace_body(seen, record.value, self._lease))
            if over.succeeded:
                return self._wrote(record, over.header)
        problem = f"{record.key} is written by somebody else all the time"
        raise SourceUnavailable(self._client.shown, problem)

    def _wrote(self, record: Record, header: wire.Header) -> bool:
        """Note a write that succeeded: it was the only one of its revision."""
        written = Written(record.digest, str(header.revision))
        self._book.confirm(record.key, written)
        return True

    async def _under(self) -> frozenset[Key]:
        """Ask which keys are under the lease."""
        answer = await self._client.call(
            "/v3/lease/timetolive",
            {"ID": str(self._lease), "keys": True},
            wire.TimeToLiveAnswer,
            anywhere=True,
        )
        if answer.ttl <= 0:
            raise self._lost_by("etcd does not know it any more")
        self._saw(answer.header)
        texts = (self._namespace.text(raw) for raw in answer.keys)
        keys = (as_key(text) for text in texts if text is not None)
        return frozenset(key for key in keys if key is not None)

    async def _marks(self, keys: Iterable[Key]) -> dict[Key, str]:
        """Ask for the revisions of the last writes of some keys."""
        raws = {self._namespace.raw(key): key for key in keys}
        all_raw = list(raws)
        # All at once: the lease has to be renewed in time, however slow the store is.
        async with asyncio.TaskGroup() as group:
            asking = [
                group.create_task(
                    self._mark(all_raw[at : at + MOST_PARTS]), name="recall"
                )
                for at in range(0, len(all_raw), MOST_PARTS)
            ]
        marks = {}
        for task in asking:
            for one in _told(task.result()):
                marks[raws[one.key]] = str(one.mod_revision)
        return marks

    async def _mark(self, keys: list[bytes]) -> wire.TxnAnswer | ConfwatchError:
        """Ask for some keys; a planned failure is a result, for all have to end."""
        try:
            return await self._txn(wire.marks_body(keys))
        except (SourceError, LeaseLost) as error:
            return error

    async def _txn(self, body: wire.Body) -> wire.TxnAnswer:
        """Make one transaction.

        Raises:
            LeaseLost: it needs the lease, which is gone.
        """
        try:
            answer = await self._client.call("/v3/kv/txn", body, wire.TxnAnswer)
        except NotFound as error:
            raise self._lost_by(error.problem) from error
        self._saw(answer.header)
        return answer

    def _saw(self, header: wire.Header) -> None:
        """Note a revision; a lower one than before means an earlier moment.

        That may be a member behind the others as well, which costs one look.
        """
        if header.revision:
            self._went_back |= header.revision < self._revision
            self._revision = header.revision

    def _lost_by(self, problem: str) -> LeaseLost:
        """Note that the lease is gone, and return the error that tells it."""
        self._lost = True
        return LeaseLost(self._client.shown, problem)


def _told(answer: wire.TxnAnswer | ConfwatchError) -> Iterator[wire.KeyValue]:
    """Yield the keys that a transaction read."""
    if isinstance(answer, ConfwatchError):
        raise answer
    for part in answer.responses:
        if part.response_range is not None:
            yield from part.response_range.kvs


def _first(answer: wire.TxnAnswer) -> wire.KeyValue | None:
    """Return the key that a transaction read; None where it is not there."""
    for part in answer.responses:
        if part.response_range is not None and part.response_range.kvs:
            return part.response_range.kvs[0]
    return None
