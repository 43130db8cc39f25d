"""Patterns mean what Go's path.Match makes of them."""

import pytest

from confwatch.mirror.globs import Glob, escaped


@pytest.mark.parametrize(
    ("pattern", "key", "matches"),
    [
        ("/a/*", "/a/b", True),
        ("/a/*", "/a/b/c", False),
        ("/a/*", "/a", False),
        ("/a*", "/apple", True),
        ("/a/?", "/a/ž", True),
        ("/a?b", "/a/b", False),
        ("/x[^q]k", "/x/k", True),
        ("/a/[a-c]", "/a/b", True),
        ("/a/[^a-c]", "/a/b", False),
        ("/a/[!a]", "/a/b", False),
        ("/a/[c-a]", "/a/b", False),
        ("/a/[\\]]", "/a/]", True),
        ("/a\\*b", "/a*b", True),
        ("/a\\*b", "/axb", False),
        ("/s/*/a", "/s/web/a", True),
        ("/a.b", "/axb", False),
        ("*", "/a", False),
        ("", "/a", False),
    ],
)
def test_a_pattern_matches_whole_keys(pattern: str, key: str, matches: bool) -> None:
    assert Glob(pattern).matches(key) is matches


@pytest.mark.parametrize("pattern", ["/a[", "/a[]", "/a[a", "/a\\", "/a[-b]", "/a[b-]"])
def test_what_does_not_end_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="syntax error in pattern"):
        Glob(pattern)


@pytest.mark.parametrize(
    ("pattern", "head"),
    [
        ("/a/b/*", "/a/b"),
        ("/a/b*", "/a"),
        ("/*", "/"),
        ("/a/*/c", "/a"),
        ("/a/b", "/a"),
        ("/x[^q]k", "/"),
        ("*", "/"),
    ],
)
def test_the_head_holds_all_that_can_match(pattern: str, head: str) -> None:
    assert Glob(pattern).head == head


def test_an_escaped_key_is_matched_by_itself_alone() -> None:
    key = "/a*[b]\\?"
    assert Glob(escaped(key)).matches(key)
    assert not Glob(escaped(key)).matches("/ax[b]\\?")
