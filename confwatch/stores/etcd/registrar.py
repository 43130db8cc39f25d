"""Announces services in etcd: records under a lease that is kept alive.

Keeping it alive makes no revision, so it wakes nobody who watches.
"""

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from confwatch.errors import LeaseLost
from confwatch.model.service import LeaseState
from confwatch.stores.book import Book
from confwatch.stores.etcd.client import Client, Endpoints, connected
from confwatch.stores.etcd.options import Options
from confwatch.stores.etcd.session import EtcdSession
from confwatch.stores.identity import is_ours
from confwatch.wire import etcd as wire


class EtcdRegistrar:
    """The write side of one cluster."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._endpoints = Endpoints(options.endpoints)

    @asynccontextmanager
    async def open(
        self, ttl_s: float, resume: LeaseState | None
    ) -> AsyncIterator[EtcdSession]:
        """Open a session; leaving the block revokes its lease, unless detached.

        Raises:
            SourceUnavailable, SourceRejected: no session was made.
        """
        async with connected(self._options, self._endpoints) as client:
            session = await _adopted(client, ttl_s, resume)
            if session is None:
                session = await _granted(client, ttl_s)
            try:
                yield session
            finally:
                await session.close()


async def _granted(client: Client, ttl_s: float) -> EtcdSession:
    """Return a session over a new lease."""
    body: wire.Body = {"TTL": str(math.ceil(ttl_s))}
    made = await client.call("/v3/lease/grant", body, wire.GrantAnswer)
    return EtcdSession(
        client, made.lease, asked_s=ttl_s, granted_s=made.ttl, book=Book((), {})
    )


async def _adopted(
    client: Client, ttl_s: float, resume: LeaseState | None
) -> EtcdSession | None:
    """Return a session over the lease of an earlier run, if it still lives."""
    if resume is None or not is_ours(resume, client.shown, ttl_s):
        return None
    if not resume.lease.isdecimal():
        return None
    session = EtcdSession(
        client,
        int(resume.lease),
        asked_s=ttl_s,
        granted_s=ttl_s,
        book=Book(resume.keys, resume.written),
    )
    try:
        await session.adopt()
    except LeaseLost:
        return None
    return session
