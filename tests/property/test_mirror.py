"""The mirror holds what a plain dict holds, whatever happens."""

from hypothesis import given
from hypothesis import strategies as st

from confwatch.mirror.globs import Glob
from confwatch.mirror.mirror import Mirror
from confwatch.model.events import Changed, Loaded, Revision
from confwatch.model.keys import Key, encoded, is_below

KEYS = st.lists(st.sampled_from(["a", "b", "-", "ab"]), min_size=1, max_size=3).map(
    lambda names: Key("/" + "/".join(names))
)
ENTRIES = st.dictionaries(KEYS, st.sampled_from([b"1", b"2"]), max_size=6)
SCOPES = st.sampled_from([Key("/"), Key("/a"), Key("/b"), Key("/a/b")])
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("loaded"), SCOPES, ENTRIES),
        st.tuples(st.just("changed"), st.sets(KEYS, max_size=4), ENTRIES),
    ),
    max_size=12,
)
PATTERNS = ("/*", "/a/*", "/*/b", "/a*", "/a[^x]b", "/*/*/*")


@given(EVENTS)
def test_the_mirror_equals_a_plain_dict(
    events: list[tuple[str, object, dict[Key, bytes]]],
) -> None:
    mirror, plain, covered = Mirror("main"), dict[Key, bytes](), set[Key]()
    for kind, where, entries in events:
        before = dict(plain)
        if kind == "loaded":
            scope = Key(str(where))
            told = {key: raw for key, raw in entries.items() if is_below(key, scope)}
            covered.add(scope)
            plain = {k: v for k, v in plain.items() if not is_below(k, scope)} | told
            delta = mirror.apply(Loaded(frozenset({scope}), Revision("1"), told))
        else:
            gone = frozenset(where)  # type: ignore[call-overload]
            plain = {k: v for k, v in plain.items() if k not in gone} | {
                k: v for k, v in entries.items() if any(is_below(k, c) for c in covered)
            }
            delta = mirror.apply(Changed(Revision("2"), entries, gone - entries.keys()))
            plain |= {
                k: before[k]
                for k in before
                if k in gone and k in entries and k not in plain
            }
        assert delta.changed == {
            k for k in before.keys() | plain.keys() if before.get(k) != plain.get(k)
        }
        assert mirror.count() == len(plain)
        for pattern in PATTERNS:
            glob = Glob(pattern)
            expected = sorted(filter(glob.matches, plain), key=encoded)
            pairs = mirror.pairs(glob, 0)
            assert [pair.key for pair in pairs] == expected
            assert [encoded(pair.value) for pair in pairs] == [
                plain[Key(k)] for k in expected
            ]
