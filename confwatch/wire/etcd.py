"""etcd's JSON gateway: requests to be sent, answers understood. No sockets.

Numbers of 64 bits are strings; what is zero, false or empty is left out; keys and
values are base64 in the standard alphabet.
Source: https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/
"""

import base64
from collections.abc import Iterable
from typing import Any, TypeAlias, TypeVar

import msgspec

from confwatch.errors import SourceGarbled

Body: TypeAlias = dict[str, Any]
T = TypeVar("T")

SHOWN_BYTES = 200


class Header(msgspec.Struct, frozen=True):
    """What begins every answer; the term grows with every election."""

    revision: int = 0
    cluster_id: int = 0
    raft_term: int = 0


class KeyValue(msgspec.Struct, frozen=True):
    """One key as etcd has it; of a deleted one, *mod_revision* is when it went.

    Its *version* counts the puts since it was made: 1 is a new key.
    """

    key: bytes
    value: bytes = b""
    mod_revision: int = 0
    version: int = 0
    lease: int = 0


class RangeAnswer(msgspec.Struct, frozen=True):
    """Keys of one range; *more* where the limit cut it."""

    header: Header = Header()
    kvs: list[KeyValue] = []
    more: bool = False
    count: int = 0


class PartAnswer(msgspec.Struct, frozen=True):
    """One part of a transaction's answer; None where it was no range."""

    response_range: RangeAnswer | None = None


class TxnAnswer(msgspec.Struct, frozen=True):
    """How a transaction went."""

    header: Header = Header()
    succeeded: bool = False
    responses: list[PartAnswer] = []


class DeleteAnswer(msgspec.Struct, frozen=True):
    """How many keys went."""

    deleted: int = 0


class AuthAnswer(msgspec.Struct, frozen=True):
    """A token, to be sent as it is."""

    token: str


class GrantAnswer(msgspec.Struct, frozen=True, rename={"lease": "ID", "ttl": "TTL"}):
    """A new lease."""

    lease: int
    ttl: int


class KeepAlive(msgspec.Struct, frozen=True, rename={"ttl": "TTL"}):
    """A lease's life left, in seconds; 0 where it is not known any more."""

    header: Header = Header()
    ttl: int = 0


class TimeToLiveAnswer(msgspec.Struct, frozen=True, rename={"ttl": "TTL"}):
    """A lease as etcd has it; without a TTL it knows of none."""

    header: Header = Header()
    ttl: int = 0
    keys: list[bytes] = []


class Event(msgspec.Struct, frozen=True):
    """One change; a put has no type."""

    kv: KeyValue
    type: str = "PUT"


class WatchAnswer(msgspec.Struct, frozen=True):
    """One message of a watch; without events it tells of progress."""

    header: Header = Header()
    created: bool = False
    canceled: bool = False
    compact_revision: int = 0
    cancel_reason: str = ""
    events: list[Event] = []


class StreamError(msgspec.Struct, frozen=True):
    """The last line of a stream that failed."""

    grpc_code: int = 0
    message: str = ""


class KeepAliveAnswer(msgspec.Struct, frozen=True):
    """The one line of a keepalive's stream: one of the two."""

    result: KeepAlive | None = None
    error: StreamError | None = None


class WatchLine(msgspec.Struct, frozen=True):
    """One line of a watch's stream: one of the two."""

    result: WatchAnswer | None = None
    error: StreamError | None = None


class Refusal(msgspec.Struct, frozen=True):
    """The body of an answer that is no success; *code* is gRPC's."""

    message: str = ""
    error: str = ""
    code: int = 0


class StreamRefusal(msgspec.Struct, frozen=True):
    """The same of a call that is a stream to gRPC."""

    error: StreamError


def decode(store: str, raw: bytes, kind: type[T]) -> T:
    """Read one answer.

    Raises:
        SourceGarbled: not such an answer; tells what is wrong, and no content.
    """
    try:
        return msgspec.json.decode(raw, type=kind, strict=False)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        told = str(error)[:SHOWN_BYTES]
        raise SourceGarbled(store, f"cannot be understood: {told}") from error


def refusal(raw: bytes) -> Refusal:
    """Read why a request failed; whatever stands there, as far as it tells."""
    kinds: tuple[type[Refusal | StreamRefusal], ...] = (Refusal, StreamRefusal)
    for kind in kinds:
        try:
            told = msgspec.json.decode(raw, type=kind, strict=False)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(told, StreamRefusal):
            return Refusal(told.error.message, "", told.error.grpc_code)
        return told
    return Refusal(message=raw[:SHOWN_BYTES].decode("ascii", "replace"))


def b64(raw: bytes) -> str:
    """Write bytes as the gateway reads them."""
    return base64.b64encode(raw).decode("ascii")


def range_body(
    key: bytes, end: bytes, *, limit: int = 0, revision: int = 0, count: bool = False
) -> Body:
    """Ask for the keys from *key* up to, not including, *end*.

    Args:
        key: the first one.
        end: behind the last one; empty for just *key*.
        limit: most keys in the answer; 0 for all.
        revision: the moment to read at; 0 for now.
        count: tell only how many they are.
    """
    body: Body = {"key": b64(key)}
    if end:
        body["range_end"] = b64(end)
    if limit:
        body["limit"] = str(limit)
    if revision:
        body["revision"] = str(revision)
    if count:
        body["count_only"] = True
    return body


def watch_body(key: bytes, end: bytes, start: int) -> Body:
    """Ask for every change in a range from revision *start* on.

    One create request a body: of several, etcd now and then loses some.
    """
    create = {
        **range_body(key, end),
        "start_revision": str(start),
        "progress_notify": True,
    }
    return {"create_request": create}


def changed_since(key: bytes, end: bytes, since: int, *, revision: int = 0) -> Body:
    """Ask for a key of a range that changed after *since*, and for the range's count.

    Args:
        key: the first one.
        end: behind the last one; empty for just *key*.
        since: a revision.
        revision: the moment to read at; 0 for now.
    """
    return {
        **range_body(key, end, limit=1, revision=revision),
        "min_mod_revision": str(since + 1),
        "keys_only": True,
    }


def ranges_body(ranges: Iterable[Body]) -> Body:
    """Ask for several ranges at one moment."""
    return {"success": [{"request_range": one} for one in ranges]}


def put_body(key: bytes, value: bytes, lease: int = 0) -> Body:
    """Set a key."""
    body: Body = {"key": b64(key), "value": b64(value)}
    if lease:
        body["lease"] = str(lease)
    return body


def create_body(key: bytes, value: bytes, lease: int) -> Body:
    """Set a key that does not exist; tell what it is where it does."""
    compare = {"key": b64(key), "target": "CREATE", "create_revision": "0"}
    return {
        "compare": [compare],
        "success": [{"request_put": put_body(key, value, lease)}],
        "failure": [{"request_range": range_body(key, b"")}],
    }


def replace_body(seen: KeyValue, value: bytes, lease: int) -> Body:
    """Set a key that is still as it was seen."""
    compare = {
        "key": b64(seen.key),
        "target": "MOD",
        "mod_revision": str(seen.mod_revision),
    }
    return {
        "compare": [compare],
        "success": [{"request_put": put_body(seen.key, value, lease)}],
    }


def marks_body(keys: list[bytes]) -> Body:
    """Ask for the revisions of the last writes of some keys, not for their values."""
    asked = ({**range_body(key, b""), "keys_only": True} for key in keys)
    return {"success": [{"request_range": one} for one in asked]}


def delete_if_leased_body(key: bytes, lease: int) -> Body:
    """Remove a key that is under *lease*."""
    compare = {"key": b64(key), "target": "LEASE", "lease": str(lease)}
    return {
        "compare": [compare],
        "success": [{"request_delete_range": range_body(key, b"")}],
    }
