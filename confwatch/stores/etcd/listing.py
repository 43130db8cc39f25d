"""Reads whole prefixes, page by page, all of one revision."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from confwatch.model.keys import Key, is_below
from confwatch.stores.etcd.client import LIST_S, Client
from confwatch.stores.etcd.meaning import Denied
from confwatch.stores.etcd.ranges import Namespace, as_key
from confwatch.stores.etcd.witnesses import newest
from confwatch.wire import etcd as wire

PAGE = 2_000
"""Keys of a first page: of these nobody knows how large they are."""
MOST_PAGE = 25_000
PAGE_BYTES = 4 << 20
TOGETHER = 64
"""Prefixes in one transaction; etcd takes 128 parts."""
FEW = 50
"""Keys of each of them; most have no more."""


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
    wanted = sorted(prefixes)
    for at in range(0, len(wanted), TOGETHER):
        some = wanted[at : at + TOGETHER]
        left = await _list_together(client, namespace, some, found)
        for prefix, start in left.items():
            try:
                await _list_allowed(client, namespace, prefix, found, start)
            except Denied as error:
                del found.counts[prefix]
                found.inner.discard(prefix)
                refused = Denied(client.shown, f"{prefix}: {error.problem}")
                found.denied[prefix] = refused
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


async def _list_together(
    client: Client, namespace: Namespace, prefixes: list[Key], found: Listing
) -> dict[Key, bytes | None]:
    """Read the first keys of some prefixes in one transaction.

    Returns:
        Prefixes that are not read to their end, and the key to go on from, None for
        their first: all of them where one is denied, for then all are.
    """
    found.counts |= dict.fromkeys(prefixes, 0)
    found.latest |= dict.fromkeys(prefixes, 0)
    if len(prefixes) == 1:
        return dict.fromkeys(prefixes)
    spans = [namespace.range(one, inner=one in found.inner) for one in prefixes]
    body = wire.ranges_body(
        wire.range_body(one.key, one.end, limit=FEW, revision=found.revision)
        for one in spans
    )
    try:
        answer = await client.call("/v3/kv/txn", body, wire.TxnAnswer, timeout_s=LIST_S)
    except Denied:
        return dict.fromkeys(prefixes)
    left: dict[Key, bytes | None] = {}
    for prefix, part in zip(prefixes, answer.responses, strict=True):
        page = part.response_range or wire.RangeAnswer()
        _take(namespace, prefix, page.kvs, answer.header, found)
        if page.more and page.kvs:
            left[prefix] = page.kvs[-1].key + b"\0"
    return left


async def _list_allowed(
    client: Client,
    namespace: Namespace,
    prefix: Key,
    found: Listing,
    start: bytes | None,
) -> None:
    """Read what we may of one prefix, or what of it is left.

    Raises:
        Denied: nothing of it.
    """
    if prefix not in found.inner:
        try:
            return await _list(client, namespace, prefix, found, start)
        except Denied:
            # A role for "/app/" may not read "/app": then that key is not ours to know.
            found.inner.add(prefix)
            found.counts[prefix] = found.latest[prefix] = 0
            start = None
    return await _list(client, namespace, prefix, found, start)


async def _list(
    client: Client,
    namespace: Namespace,
    prefix: Key,
    found: Listing,
    start: bytes | None,
) -> None:
    """Read one prefix from *start* to its end, into *found*."""
    span = namespace.range(prefix, inner=prefix in found.inner)
    key, more, limit = start or span.key, True, PAGE
    while more:
        body = wire.range_body(key, span.end, limit=limit, revision=found.revision)
        page = await client.call(
            "/v3/kv/range", body, wire.RangeAnswer, timeout_s=LIST_S
        )
        _take(namespace, prefix, page.kvs, page.header, found)
        more = page.more and bool(page.kvs)
        if more:
            key = page.kvs[-1].key + b"\0"
            limit = _next_limit(page.kvs)


def _take(
    namespace: Namespace,
    prefix: Key,
    kvs: Sequence[wire.KeyValue],
    header: wire.Header,
    found: Listing,
) -> None:
    """Bring one page into what was found."""
    found.revision = found.revision or header.revision
    found.header = header
    found.newest = newest([*found.newest, *kvs])
    for pair in kvs:
        text = namespace.text(pair.key)
        # Between "/app" and "/app0" lies more than what is below "/app".
        if text is None or not is_below(text, prefix):
            continue
        found.counts[prefix] += 1
        found.latest[prefix] = max(found.latest[prefix], pair.mod_revision)
        name = as_key(text)
        if name is not None:
            found.entries[name] = pair.value


def _next_limit(kvs: Sequence[wire.KeyValue]) -> int:
    """Return how many keys like these make a page of some megabytes.

    For every page etcd counts all keys behind it: few pages are many times faster.
    """
    size = sum(len(one.key) + len(one.value) for one in kvs) // len(kvs)
    return max(FEW, min(MOST_PAGE, PAGE_BYTES // (size + 1)))
