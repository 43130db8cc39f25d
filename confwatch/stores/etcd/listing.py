"""Reads whole prefixes, page by page, all of one revision."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from confwatch.model.keys import Key, is_below
from confwatch.stores.etcd.client import LIST_S, Client, Denied
from confwatch.stores.etcd.ranges import Namespace, as_key
from confwatch.stores.etcd.witnesses import newest
from confwatch.wire import etcd as wire

PAGE = 2_000


@dataclass(slots=True)
class Listing:
    """What a list found.

    Attributes:
        revision: the moment of all of it; 0 before the first page.
        entries: every key and its value.
        counts: by prefix, how many keys etcd has there, folder markers among them.
        inner: prefixes whose own key may not be read, only what is below.
        denied: prefixes of which nothing may be read, and etcd's words.
        newest: the keys that changed last, of all prefixes.
        latest: by prefix, the revision of its last change that still shows.
        header: of the last page.
    """

    revision: int
    entries: dict[Key, bytes]
    counts: dict[Key, int]
    inner: set[Key]
    denied: dict[Key, Denied]
    newest: list[wire.KeyValue] = field(default_factory=list)
    latest: dict[Key, int] = field(default_factory=dict)
    header: wire.Header = field(default_factory=wire.Header)


async def list_prefixes(
    client: Client, namespace: Namespace, prefixes: frozenset[Key], inner: set[Key]
) -> Listing:
    """Read all *prefixes* as of one revision.

    Args:
        client: asks etcd.
        namespace: what we see of it.
        prefixes: none below another; at least one.
        inner: those of which we may read only what is below, as far as is known.

    Raises:
        SourceError: nothing of what was read is used. Compacted where it took too long.
    """
    found = Listing(0, {}, {}, set(inner), {})
    for prefix in sorted(prefixes):
        found.counts[prefix] = found.latest[prefix] = 0
        try:
            await _list_allowed(client, namespace, prefix, found)
        except Denied as error:
            del found.counts[prefix]
            found.inner.discard(prefix)
            found.denied[prefix] = Denied(client.shown, f"{prefix}: {error.problem}")
    return found


async def denied(
    client: Client, namespace: Namespace, prefixes: Iterable[Key], inner: set[Key]
) -> list[Key]:
    """Return those of *prefixes* that we may not read any more as we did.

    Raises:
        SourceError: it cannot be asked.
    """
    found: list[Key] = []
    for prefix in sorted(prefixes):
        span = namespace.range(prefix, inner=prefix in inner)
        body = wire.range_body(span.key, span.end, limit=1, count=True)
        try:
            await client.call("/v3/kv/range", body, wire.RangeAnswer)
        except Denied:
            found.append(prefix)
    return found


async def _list_allowed(
    client: Client, namespace: Namespace, prefix: Key, found: Listing
) -> None:
    """Read what we may of one prefix.

    Raises:
        Denied: nothing of it.
    """
    if prefix not in found.inner:
        try:
            return await _list(client, namespace, prefix, found)
        except Denied:
            # A role for "/app/" may not read "/app": then that key is not ours to know.
            found.inner.add(prefix)
    return await _list(client, namespace, prefix, found)


async def _list(
    client: Client, namespace: Namespace, prefix: Key, found: Listing
) -> None:
    """Read one prefix to its end, into *found*."""
    span = namespace.range(prefix, inner=prefix in found.inner)
    key, more = span.key, True
    count = latest = 0
    while more:
        body = wire.range_body(key, span.end, limit=PAGE, revision=found.revision)
        page = await client.call(
            "/v3/kv/range", body, wire.RangeAnswer, timeout_s=LIST_S
        )
        found.revision = found.revision or page.header.revision
        found.header = page.header
        found.newest = newest([*found.newest, *page.kvs])
        for pair in page.kvs:
            text = namespace.text(pair.key)
            # Between "/app" and "/app0" lies more than what is below "/app".
            if text is None or not is_below(text, prefix):
                continue
            count += 1
            latest = max(latest, pair.mod_revision)
            name = as_key(text)
            if name is not None:
                found.entries[name] = pair.value
        found.counts[prefix], found.latest[prefix] = count, latest
        more = page.more and bool(page.kvs)
        if more:
            key = page.kvs[-1].key + b"\0"
