"""Any bytes, however cut, end in a value or in a planned error."""

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confwatch.errors import RecordGarbled, SourceGarbled
from confwatch.model.endpoint import is_address, is_port
from confwatch.wire import etcd as wire
from confwatch.wire.lines import LineSplitter
from confwatch.wire.records import decode_record


def as_json(value: object) -> bytes:
    return json.dumps(value).encode()


def pieces(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(raw), *(cut % (len(raw) + 1) for cut in cuts)})
    return [raw[a:b] for a, b in pairwise(places)]


@given(
    st.lists(st.binary().map(lambda b: b.replace(b"\n", b""))),
    st.lists(st.integers(0, 999)),
)
def test_any_cut_of_the_stream_gives_the_same_lines(
    lines: list[bytes], cuts: list[int]
) -> None:
    splitter = LineSplitter("etcd", 10_000)
    raw = b"".join(line + b"\n" for line in lines)
    found = [line for piece in pieces(raw, cuts) for line in splitter.feed(piece)]
    assert found == [line for line in lines if line]


@given(st.binary(min_size=101), st.lists(st.integers(0, 999)))
def test_a_line_without_end_is_refused_in_bounded_memory(
    raw: bytes, cuts: list[int]
) -> None:
    splitter = LineSplitter("etcd", 100)
    endless = raw.replace(b"\n", b"x")
    found = []
    with pytest.raises(SourceGarbled):
        found = [
            line for piece in pieces(endless, cuts) for line in splitter.feed(piece)
        ]
    assert not found


@given(
    st.one_of(
        st.binary(),
        st.recursive(
            st.none() | st.text() | st.integers(),
            lambda x: st.dictionaries(
                st.sampled_from(["result", "error", "header", "events", "kv", "key"]), x
            ),
        ).map(as_json),
    )
)
def test_any_line_is_a_value_or_garbled(raw: bytes) -> None:
    with suppress(SourceGarbled):
        assert isinstance(wire.decode("etcd", raw, wire.WatchLine), wire.WatchLine)
    assert isinstance(wire.refusal(raw), wire.Refusal)


FACTS = [
    "v",
    "id",
    "address",
    "Address",
    "host",
    "port",
    "Port",
    "tags",
    "meta",
    "weight",
    "Weights",
    "Check",
    "Status",
    "status",
    "labels",
]


@given(
    st.one_of(
        st.binary(),
        st.from_regex(rb"\[?[0-9a-f.:]*\]?:[0-9]*", fullmatch=True),
        st.dictionaries(
            st.sampled_from(FACTS),
            st.recursive(
                st.none() | st.text() | st.integers() | st.sampled_from(["h", 80, 1]),
                lambda x: st.lists(x) | st.dictionaries(st.sampled_from(FACTS), x),
                max_leaves=4,
            ),
        ).map(as_json),
    ),
    st.text(),
)
def test_any_record_is_an_instance_or_garbled(raw: bytes, own: str) -> None:
    with suppress(RecordGarbled):
        found = decode_record("web", own, raw)
        assert is_address(found.address)
        assert is_port(found.port)
        # Whatever a template prints of it can be written to a file.
        for text in (found.id, found.endpoint, *found.tags, *found.meta.values()):
            assert text.encode()
