"""Prefixes and the ranges of bytes that hold them."""

import pytest

from confwatch.model.keys import ROOT, Key
from confwatch.stores.etcd.ranges import (
    MOST_STREAMS,
    Namespace,
    Range,
    as_key,
    covering,
    grouped,
)

PROD = Namespace(Key("/prod"))


@pytest.mark.parametrize(
    ("namespace", "prefix", "inner", "expected"),
    [
        (Namespace(ROOT), "/app", False, Range(b"/app", b"/app0")),
        (Namespace(ROOT), "/app", True, Range(b"/app/", b"/app0")),
        (Namespace(ROOT), "/", False, Range(b"/", b"0")),
        (PROD, "/app", False, Range(b"/prod/app", b"/prod/app0")),
        (PROD, "/", False, Range(b"/prod", b"/prod0")),
        (PROD, "/", True, Range(b"/prod/", b"/prod0")),
    ],
)
def test_a_range_holds_a_prefix_and_what_is_below(
    namespace: Namespace, prefix: str, inner: bool, expected: Range
) -> None:
    assert namespace.range(Key(prefix), inner=inner) == expected


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"/prod/a", "/a"),
        (b"/prod", "/"),
        (b"/product/a", None),
        (b"/prod/a/", None),
        (b"/prod//a", None),
        (b"/prod/\xff", "/\udcff"),
        (b"other", None),
    ],
)
def test_folder_markers_and_strangers_are_no_keys(raw: bytes, key: str | None) -> None:
    text = PROD.text(raw)
    assert (None if text is None else as_key(text)) == key


def test_many_ranges_are_few_streams_that_hold_them_all() -> None:
    spans = [Namespace(ROOT).range(Key(f"/{n:03}")) for n in range(50)]
    streams = grouped(spans)
    assert len(streams) <= MOST_STREAMS
    assert all(any(one.holds(span) for one in streams) for span in spans)
    assert covering(spans).holds(streams[0])


def test_ranges_that_overlap_are_watched_as_one() -> None:
    inside = Range(b"/app-x", b"/app-x0")
    around = Range(b"/app", b"/app0")
    beside = Range(b"/b", b"/b0")
    assert grouped([inside, beside, around]) == [around, beside]
