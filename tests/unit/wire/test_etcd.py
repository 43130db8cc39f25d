"""What etcd says, and what we say to it."""

import pytest

from confwatch.errors import SourceGarbled
from confwatch.wire import etcd as wire


def test_numbers_are_texts_and_what_is_empty_is_left_out() -> None:
    raw = b'{"header":{"cluster_id":"9","revision":"11"},"kvs":[{"key":"L2E=","mod_revision":"3"}],"count":"1"}'
    answer = wire.decode("etcd", raw, wire.RangeAnswer)
    assert answer.header.revision == 11
    assert answer.kvs == [wire.KeyValue(b"/a", b"", 3)]
    assert not answer.more


def test_a_watch_line_holds_puts_and_deletes() -> None:
    raw = (
        b'{"result":{"header":{"revision":"11"},"events":[{"kv":{"key":"L2E=","value":"MQ==",'
        b'"mod_revision":"10","version":"1"}},{"type":"DELETE","kv":{"key":"L2I=","mod_revision":"11"}}]}}'
    )
    result = wire.decode("etcd", raw, wire.WatchLine).result
    assert result is not None
    assert [one.type for one in result.events] == ["PUT", "DELETE"]
    assert result.events[0].kv == wire.KeyValue(b"/a", b"1", 10, 1)


def test_a_canceled_watch_may_have_no_revision() -> None:
    raw = b'{"result":{"header":{},"canceled":true,"compact_revision":"6"}}'
    result = wire.decode("etcd", raw, wire.WatchLine).result
    assert result == wire.WatchAnswer(canceled=True, compact_revision=6)


def test_a_forgotten_lease_has_no_ttl() -> None:
    kept = wire.decode("etcd", b'{"result":{"ID":"7"}}', wire.KeepAliveAnswer)
    assert kept.result is not None
    assert kept.result.ttl == 0
    assert wire.decode("etcd", b'{"ID":"7","TTL":"15"}', wire.GrantAnswer).lease == 7


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'{"kvs":[{"key":"%"}]}', b"\xff" * 9]
)
def test_what_is_no_answer_is_garbled(raw: bytes) -> None:
    with pytest.raises(SourceGarbled, match="cannot be understood"):
        wire.decode("etcd", raw, wire.RangeAnswer)


def test_a_refusal_tells_what_it_can() -> None:
    assert (
        wire.refusal(b'{"error":"x","message":"etcdserver: denied","code":7}').code == 7
    )
    assert wire.refusal(b"<html>Bad Gateway").message == "<html>Bad Gateway"
    told = wire.refusal(b'{"error":{"grpc_code":16,"message":"invalid auth token"}}')
    assert (told.code, told.message) == (16, "invalid auth token")


def test_a_watch_asks_for_one_range_only() -> None:
    body = wire.watch_body(b"/a", b"/a0", 12)
    assert body["create_request"]["start_revision"] == "12"
    assert body["create_request"]["key"] == "L2E="


def test_keys_are_in_the_standard_alphabet() -> None:
    assert wire.b64(b"\xfb\xff\xfe") == "+//+"
