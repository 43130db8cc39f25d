"""Announces services in etcd: records under a lease that is kept alive.

Keeping it alive makes no revision, so it wakes nobody who watches.
"""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from confwatch.contracts import Claim
from confwatch.errors import KeyHeld, LeaseLost, RegistrationRejected
from confwatch.model.keys import Key
from confwatch.model.service import LeaseState, Record, Written
from confwatch.stores.claims import Held, needs_write
from confwatch.stores.etcd.client import CALL_S, Client, Endpoints, NotFound, connected
from confwatch.stores.etcd.options import Options
from confwatch.stores.etcd.ranges import Namespace, as_key
from confwatch.stores.identity import is_ours, state_of
from confwatch.wire import etcd as wire


class EtcdRegistrar:
    """The write side of one cluster."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._endpoints = Endpoints(options.endpoints)

    @asynccontextmanager
    async def open(
        self, ttl_s: float, resume: LeaseState | None
    ) -> AsyncIterator["EtcdSession"]:
        """Open a session; leaving the block revokes its lease, unless detached.

        Raises:
            SourceUnavailable, SourceRejected: no session was made.
        """
        async with connected(self._options, self._endpoints) as client:
            session = await self._adopted(client, ttl_s, resume)
            if session is None:
                body: wire.Body = {"TTL": str(math.ceil(ttl_s))}
                path = "/v3/lease/grant"
                granted = await client.call(path, body, wire.GrantAnswer)
                session = EtcdSession(client, granted.lease, ttl_s, ())
            try:
                yield session
            finally:
                await session.close()

    async def _adopted(
        self, client: Client, ttl_s: float, resume: LeaseState | None
    ) -> "EtcdSession | None":
        """Return a session over the lease of an earlier run, if it still lives."""
        if resume is None or not is_ours(resume, client.shown, ttl_s):
            return None
        session = EtcdSession(client, int(resume.lease), ttl_s, resume.keys)
        session.remember(resume.written)
        try:
            await session.renew()
            await session.recall()
        except LeaseLost:
            return None
        return session


class EtcdSession:
    """One lease of ours."""

    def __init__(
        self, client: Client, lease: int, ttl_s: float, keys: tuple[Key, ...]
    ) -> None:
        self._client = client
        self._namespace = Namespace(client.options.prefix)
        self._lease = lease
        self._ttl_s = ttl_s
        self._keys = set(keys)
        self._written: dict[Key, Written] = {}
        self._detached = False
        self._lost = False

    @property
    def state(self) -> LeaseState:
        """What the next start needs to adopt this lease."""
        lease = (self._client.shown, str(self._lease), self._ttl_s)
        return state_of(lease, self._keys, self._written)

    @property
    def ttl_s(self) -> float:
        """Seconds that records outlive the last renewal."""
        return self._ttl_s

    @property
    def standing(self) -> Mapping[Key, str]:
        """The digest of what is known to stand, by key."""
        return {key: one.digest for key, one in self._written.items()}

    def remember(self, written: Mapping[Key, Written]) -> None:
        """Take over what an earlier run wrote."""
        self._written = dict(written)

    async def put(self, record: Record, claim: Claim) -> bool:
        """Make the key hold these bytes under our lease; tell if that took a write.

        Raises:
            LeaseLost: etcd no longer knows the lease.
            KeyHeld: another living lease holds the key, and *claim* is not enough.
            SourceUnavailable, SourceRejected: nothing is known to be written.
        """
        raw = self._namespace.raw(record.key)
        # Before the answer: one that is lost may still have been written.
        self._keys.add(record.key)
        self._written.pop(record.key, None)
        created = await self._txn(wire.create_body(raw, record.value, self._lease))
        seen = None if created.succeeded else _first(created)
        if seen is None and not created.succeeded:
            return await self.put(record, claim)  # it went between the two looks
        wrote = created.succeeded or await self._replace(record, claim, seen)
        self._written[record.key] = Written(record.digest)
        return wrote

    async def _replace(
        self, record: Record, claim: Claim, seen: wire.KeyValue | None
    ) -> bool:
        """Write over what was seen, where that is needed and allowed."""
        if seen is None:
            return True
        owner = str(seen.lease) if seen.lease else ""
        found, ours = Held(seen.value, owner), str(self._lease)
        try:
            if not needs_write(
                record, claim, found, ours=ours, store=self._client.shown
            ):
                return False
        except KeyHeld:
            self._keys.discard(record.key)
            raise
        body = wire.replace_body(seen, record.value, self._lease)
        if not (await self._txn(body)).succeeded:
            problem = f"{record.key} was written by somebody else just now"
            raise RegistrationRejected(self._client.shown, problem)
        return True

    async def withdraw(self, key: Key) -> None:
        """Remove a record, if it is ours.

        Raises:
            SourceUnavailable, SourceRejected: it may still stand.
        """
        raw = self._namespace.raw(key)
        await self._txn(wire.delete_if_leased_body(raw, self._lease))
        self._keys.discard(key)
        self._written.pop(key, None)

    async def recall(self) -> frozenset[Key]:
        """Ask etcd which keys stand under the lease.

        Raises:
            LeaseLost: etcd answers, and does not know it.
            SourceUnavailable, SourceRejected: nothing is known.
        """
        body: wire.Body = {"ID": str(self._lease), "keys": True}
        path = "/v3/lease/timetolive"
        answer = await self._client.call(path, body, wire.TimeToLiveAnswer)
        if answer.ttl <= 0:
            raise self._lost_by("etcd does not know it any more")
        texts = (self._namespace.text(raw) for raw in answer.keys)
        keys = (as_key(text) for text in texts if text is not None)
        standing = frozenset(key for key in keys if key is not None)
        self._written = {k: v for k, v in self._written.items() if k in standing}
        return standing

    async def renew(self) -> None:
        """Keep the lease alive.

        Raises:
            LeaseLost: etcd answers, and does not know it.
            SourceUnavailable, SourceRejected: not confirmed this time.
        """
        path = "/v3/lease/keepalive"
        body = {"ID": str(self._lease)}
        timeout_s = min(CALL_S, self._ttl_s / 3)
        answer = await self._client.call(
            path, body, wire.KeepAliveAnswer, timeout_s=timeout_s
        )
        if answer.result.ttl <= 0:
            # No error: the answer just has no TTL.
            raise self._lost_by("etcd does not know it any more")

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
            await self._client.call("/v3/lease/revoke", body, wire.TxnAnswer)
        except NotFound:
            return

    async def _txn(self, body: wire.Body) -> wire.TxnAnswer:
        """Make one transaction.

        Raises:
            LeaseLost: it needs the lease, which is gone.
        """
        try:
            return await self._client.call("/v3/kv/txn", body, wire.TxnAnswer)
        except NotFound as error:
            raise self._lost_by(error.problem) from error

    def _lost_by(self, problem: str) -> LeaseLost:
        """Note that the lease is gone, and return the error that tells it."""
        self._lost = True
        return LeaseLost(self._client.shown, problem)


def _first(answer: wire.TxnAnswer) -> wire.KeyValue | None:
    """Return the key that a transaction read; None where it is not there."""
    for part in answer.responses:
        if part.response_range is not None and part.response_range.kvs:
            return part.response_range.kvs[0]
    return None
