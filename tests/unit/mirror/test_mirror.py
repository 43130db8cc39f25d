"""What the mirror knows, and what an event really changes in it."""

from confwatch.mirror.globs import Glob
from confwatch.mirror.mirror import Mirror
from confwatch.model.events import Changed, Delta, Loaded, Revision
from confwatch.model.keys import Key

APP = frozenset({Key("/app")})


def loaded(mirror: Mirror, *scope: str, **entries: bytes) -> Delta:
    keys = {Key("/" + name.replace("__", "/")): raw for name, raw in entries.items()}
    return mirror.apply(Loaded(frozenset(map(Key, scope)), Revision("1"), keys))


def put(mirror: Mirror, **entries: bytes) -> Delta:
    keys = {Key("/" + name.replace("__", "/")): raw for name, raw in entries.items()}
    return mirror.apply(Changed(Revision("2"), keys, frozenset()))


def gone(mirror: Mirror, *keys: str) -> Delta:
    return mirror.apply(Changed(Revision("2"), {}, frozenset(map(Key, keys))))


def keys(mirror: Mirror, pattern: str, cut: int = 0) -> list[str]:
    return [pair.key for pair in mirror.pairs(Glob(pattern), cut)]


def test_absent_is_not_the_same_as_not_fetched() -> None:
    mirror = Mirror("main")
    assert not mirror.covers("/app/a")
    loaded(mirror, "/app")
    assert mirror.covers("/app/a")
    assert not mirror.covers("/apple")


def test_a_picture_replaces_all_below_its_scope_and_nothing_else() -> None:
    mirror = Mirror("main")
    loaded(mirror, "/app", "/db", app__a=b"1", app__b=b"2", db__x=b"3")
    delta = loaded(mirror, "/app", app__a=b"1", app__c=b"4")
    assert delta.changed == {"/app/b", "/app/c"}
    assert mirror.value("/app/b") is None
    assert mirror.value("/db/x") == "3"
    assert mirror.count() == 3


def test_an_equal_value_changes_nothing() -> None:
    mirror = Mirror("main")
    loaded(mirror, "/app", app__a=b"1")
    assert not put(mirror, app__a=b"1")
    assert put(mirror, app__a=b"2").renamed == frozenset()
    assert put(mirror, app__b=b"2").renamed == {"/app/b"}


def test_what_is_not_covered_is_not_taken_up() -> None:
    mirror = Mirror("main")
    loaded(mirror, "/app")
    assert not put(mirror, apple=b"1")
    assert mirror.count() == 0


def test_put_wins_over_gone_in_one_event() -> None:
    mirror = Mirror("main")
    loaded(mirror, "/app", app__a=b"1")
    mirror.apply(
        Changed(Revision("2"), {Key("/app/a"): b"2"}, frozenset({Key("/app/a")}))
    )
    assert mirror.value("/app/a") == "2"


def test_narrowing_forgets_and_widening_covers_nothing_new() -> None:
    mirror = Mirror("main")
    loaded(mirror, "/app", app__x__a=b"1", app__y=b"2")
    mirror.narrow(frozenset({Key("/app/x"), Key("/db")}))
    assert mirror.covered == {"/app/x"}
    assert mirror.value("/app/y") is None
    assert mirror.value("/app/x/a") == "1"
    assert not mirror.covers("/db")


def test_a_folder_goes_with_its_last_key() -> None:
    mirror = Mirror("main")
    loaded(mirror, "/app", app__x__a=b"1")
    assert mirror.has_keys(Key("/app/x"))
    gone(mirror, "/app/x/a")
    assert not mirror.has_keys(Key("/app"))
    assert [*mirror.children("/")] == []


def test_a_key_may_be_a_folder_as_well() -> None:
    mirror = Mirror("main")
    loaded(mirror, "/app", app=b"0", app__a=b"1")
    assert [*mirror.children("/")] == [("app", True, True)]
    gone(mirror, "/app")
    assert [*mirror.children("/")] == [("app", False, True)]


def test_pairs_come_in_the_bytewise_order_of_whole_keys() -> None:
    mirror = Mirror("main")
    entries = {
        Key(f"/app/{name}"): b"1"
        for name in ("b", "a-z/k", "a/k", "\udcff", "\ue000", "ž")
    }
    mirror.apply(Loaded(APP, Revision("1"), entries))
    assert keys(mirror, "/app/*/k") == ["/app/a-z/k", "/app/a/k"]
    assert keys(mirror, "/app/*") == ["/app/b", "/app/ž", "/app/\ue000", "/app/\udcff"]
    put(mirror, app__a0=b"1")
    assert keys(mirror, "/app/a*") == ["/app/a0"]
    assert keys(mirror, "/app[^x]b") == ["/app/b"]


def test_a_pair_is_made_once_for_each_value_and_cut() -> None:
    mirror = Mirror("main")
    loaded(mirror, "/app", app__a=b"1")
    (first,) = mirror.pairs(Glob("/app/*"), 4)
    assert (first.Key, first.Value) == ("/a", "1")
    assert mirror.pairs(Glob("/app/*"), 4)[0] is first
    assert keys(mirror, "/app/*", 0) == ["/app/a"]
    put(mirror, app__a=b"2")
    assert mirror.pairs(Glob("/app/*"), 4)[0].value == "2"
    assert first.value == "1"


def test_bytes_that_are_no_text_come_back_as_they_were() -> None:
    mirror = Mirror("main")
    loaded(mirror, "/app", app__a=b"\xff\x00\xfe")
    value = mirror.value("/app/a")
    assert value is not None
    assert value.encode("utf-8", "surrogateescape") == b"\xff\x00\xfe"
