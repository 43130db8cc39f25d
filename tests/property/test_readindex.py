"""Who is touched by a change is who read something of it, however it is looked up."""

from hypothesis import given
from hypothesis import strategies as st

from confwatch.mirror.globs import Glob
from confwatch.model.events import Delta
from confwatch.model.keys import ROOT, Key, Ref, is_below
from confwatch.model.reads import Reads
from confwatch.pipeline.readindex import ReadIndex

KEYS = st.one_of(
    st.just(ROOT),
    st.lists(st.sampled_from(["a", "b", "ab"]), min_size=1, max_size=3).map(
        lambda names: Key("/" + "/".join(names))
    ),
)
STORES = st.sampled_from(["main", "other"])
REFS = st.builds(Ref, STORES, KEYS)
PATTERNS = st.sampled_from(
    ["/*", "/a/*", "/*/b", "/a*", "/a[^x]b", "/*/*/*", "/a/b", "/a/b/*", "/a/b*"]
).map(Key)
READS = st.builds(
    Reads,
    keys=st.frozensets(REFS, max_size=3),
    globs=st.frozensets(st.builds(Ref, STORES, PATTERNS), max_size=3),
    folders=st.frozensets(REFS, max_size=2),
)
WALKS = st.lists(
    st.tuples(st.sampled_from(["one", "two", "three"]), st.none() | READS), max_size=8
)


@given(WALKS, STORES, st.frozensets(KEYS), st.frozensets(KEYS))
def test_touched_is_who_read_something_of_a_change(
    walks: list[tuple[str, Reads | None]],
    store: str,
    changed: frozenset[Key],
    named: frozenset[Key],
) -> None:
    index, plain = ReadIndex(), dict[str, Reads]()
    for resource, reads in walks:
        if reads is None:
            index.forget(resource)
            plain.pop(resource, None)
        else:
            index.replace(resource, reads)
            plain[resource] = reads
    delta = Delta(store, changed, changed & named)
    touched = {one: {*keys} for one, keys in index.touched_by(delta).items()}
    wanted = {one: _read_of(delta, reads) for one, reads in plain.items()}
    assert touched == {one: keys for one, keys in wanted.items() if keys}


def _read_of(delta: Delta, reads: Reads) -> set[Key]:
    """Return the changed keys of which something was read, by the plain definition."""
    return {
        key
        for key in delta.changed
        if Ref(delta.store, key) in reads.keys
        or any(
            one.store == delta.store and Glob(one.key).matches(key)
            for one in reads.globs
        )
        or any(
            one.store == delta.store and is_below(key, one.key)
            for one in reads.folders
            if key in delta.renamed
        )
    }
