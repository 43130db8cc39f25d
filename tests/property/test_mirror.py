"""The mirror holds what a plain dict holds, whatever happens."""

from hypothesis import given, settings
from hypothesis import strategies as st

from confwatch.mirror.globs import Glob
from confwatch.mirror.listing import SIZE, Listing
from confwatch.mirror.mirror import Mirror
from confwatch.mirror.pair import Pair
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
    events: list[tuple[str, Key | set[Key], dict[Key, bytes]]],
) -> None:
    mirror, plain, covered = Mirror("main"), dict[Key, bytes](), set[Key]()
    for _, where, entries in events:
        before = dict(plain)
        if isinstance(where, str):
            scope = where
            told = {key: raw for key, raw in entries.items() if is_below(key, scope)}
            covered.add(scope)
            plain = {k: v for k, v in plain.items() if not is_below(k, scope)} | told
            delta = mirror.apply(Loaded(frozenset({scope}), Revision("1"), told))
        else:
            gone = frozenset(where)
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
        for folder in ("/", "/a", "/ab/b"):
            names = [name for name, _, _ in mirror.children(folder)]
            assert names == sorted({name_below(k, folder) for k in plain} - {""})
        for pattern in PATTERNS:
            glob = Glob(pattern)
            expected = sorted(filter(glob.matches, plain), key=encoded)
            pairs = mirror.pairs(glob, 0)
            assert [pair.key for pair in pairs] == expected
            assert [encoded(pair.value) for pair in pairs] == [
                plain[Key(k)] for k in expected
            ]


def name_below(key: Key, folder: str) -> str:
    """Return the name right below a folder; "" where the key is not below it."""
    top = folder.rstrip("/") + "/"
    return key.removeprefix(top).split("/")[0] if key.startswith(top) else ""


NUMBERS = st.integers(0, 1500)


@given(NUMBERS, st.lists(st.tuples(st.booleans(), NUMBERS), max_size=40))
def test_a_listing_stays_in_order_and_changes_one_chunk(
    first: int, changes: list[tuple[bool, int]]
) -> None:
    plain = {f"/{number:05}": "v" for number in range(first)}
    made = Listing(Pair(key, value) for key, value in plain.items())
    for put, number in changes:
        before, key = [*made.chunks], f"/{number:05}"
        if put:
            plain[key] = "new"
            made.put(Pair(key, "new"))
        else:
            plain.pop(key, None)
            made.remove(key)
        pairs = [(one.key, one.value) for chunk in made.chunks for one in chunk]
        assert pairs == sorted(plain.items())
        assert all(0 < len(chunk) <= 2 * SIZE for chunk in made.chunks)
        assert len({*map(id, made.chunks)} - {*map(id, before)}) <= 2


STEPS = st.tuples(st.integers(0, 999), st.integers(1, 7)).map(
    lambda told: set(range(told[0] % 300, 999, told[1]))
)


@settings(max_examples=20)
@given(STEPS, STEPS)
def test_many_changes_at_once_are_as_good_as_few(
    there: set[int], then: set[int]
) -> None:
    mirror, glob = Mirror("main"), Glob("/n/*")

    def load(numbers: set[int], value: bytes) -> list[str]:
        entries = {Key(f"/n/{number:03}"): value for number in numbers}
        mirror.apply(Loaded(frozenset({Key("/n")}), Revision("1"), entries))
        return [f"/{number:03}" for number in sorted(numbers)]

    for numbers, value in ((there, b"1"), (then, b"2"), (there, b"3")):
        keys = load(numbers, value)
        pairs = [(pair.key, pair.value) for pair in mirror.pairs(glob, 2)]
        assert pairs == [(key, value.decode()) for key in keys]
        assert [f"/{name}" for name, _, _ in mirror.children("/n")] == keys
