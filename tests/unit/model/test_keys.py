"""Keys: one text for one key, and path boundaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confwatch.model.keys import (
    ROOT,
    Key,
    clean,
    decoded,
    encoded,
    is_below,
    join,
    outermost,
    scope_of,
    without,
)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("/a/b", "/a/b"),
        ("a//b/", "/a/b"),
        ("", "/"),
        ("///", "/"),
        ("/a b/%", "/a b/%"),
    ],
)
def test_a_key_has_one_slash_in_front_and_none_behind(text: str, key: str) -> None:
    assert clean(text) == key


def test_a_prefix_covers_itself_and_its_subtree_but_not_its_namesakes() -> None:
    app = Key("/app")
    assert is_below("/app", app)
    assert is_below("/app/x", app)
    assert not is_below("/apple", app)
    assert is_below("/apple", ROOT)


def test_a_prefix_is_put_before_a_key_and_cut_from_it_again() -> None:
    assert join(Key("/prod"), "/a/b") == "/prod/a/b"
    assert join(ROOT, "/a") == "/a"
    assert without(Key("/prod"), Key("/prod/a")) == "/a"
    assert without(Key("/prod"), Key("/prod")) == "/"
    assert without(ROOT, Key("/prod/a")) == "/prod/a"


def test_prefixes_below_others_are_dropped() -> None:
    prefixes = [Key("/a/b"), Key("/a"), Key("/ab"), Key("/a/b/c")]
    assert outermost(prefixes) == {"/a", "/ab"}
    assert outermost([Key("/a"), ROOT]) == {"/"}


@given(st.binary())
def test_any_bytes_come_back_from_their_text(raw: bytes) -> None:
    assert encoded(decoded(raw)) == raw


def test_a_key_is_in_the_scope_above_it() -> None:
    scopes = {Key("/a/b"), Key("/c")}
    assert scope_of("/a/b/c", scopes) == "/a/b"
    assert scope_of("/a/b/", scopes) == "/a/b"
    assert scope_of("/a/bc", scopes) is None
    assert scope_of("/x", {ROOT}) == ROOT
    assert scope_of("/", {ROOT}) == ROOT
