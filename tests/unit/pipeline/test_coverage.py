"""What the stores are asked to tell."""

from confwatch.model.keys import Key, Ref
from confwatch.model.reads import Reads
from confwatch.pipeline.coverage import MAX_ROUNDS, Coverage


def ref(key: str, store: str = "main") -> Ref:
    return Ref(store, Key(key))


def test_the_wishes_of_all_resources_are_joined_for_each_store() -> None:
    coverage = Coverage()
    coverage.declare("a", frozenset({ref("/app"), ref("/x", "other")}))
    coverage.declare("b", frozenset({ref("/app/web"), ref("/db")}))
    assert coverage.of("main") == {"/app", "/db"}
    assert coverage.of("other") == {"/x"}
    coverage.forget("a")
    assert coverage.of("main") == {"/app/web", "/db"}
    assert coverage.of("other") == set()


def test_what_a_render_missed_is_wanted_from_then_on() -> None:
    coverage = Coverage()
    coverage.declare("a", frozenset({ref("/pointer")}))
    assert coverage.ask("a", [ref("/elsewhere")])
    assert coverage.wanted("a") == {ref("/pointer"), ref("/elsewhere")}


def test_asking_without_end_is_noticed_until_something_is_not_as_it_was() -> None:
    coverage = Coverage()
    coverage.declare("a", frozenset())
    for number in range(MAX_ROUNDS):
        assert coverage.ask("a", [ref(f"/{number}")])
    assert not coverage.ask("a", [ref("/more")])
    assert ref("/more") not in coverage.wanted("a")
    coverage.forgive("a")
    assert coverage.ask("a", [ref("/more")])
    coverage.satisfied("a", Reads())
    for number in range(MAX_ROUNDS):
        assert coverage.ask("a", [ref(f"/again/{number}")])


def test_a_declared_prefix_is_doubted_and_else_what_was_looked_through() -> None:
    coverage = Coverage()
    reads = Reads(
        keys=frozenset({ref("/one")}),
        globs=frozenset({ref("/many/*")}),
        folders=frozenset({ref("/listed")}),
    )
    coverage.declare("declared", frozenset({ref("/app")}))
    coverage.declare("silent", frozenset())
    for name in ("declared", "silent"):
        coverage.satisfied(name, reads)
    assert coverage.doubted("declared") == {ref("/app")}
    assert coverage.doubted("silent") == {ref("/many"), ref("/listed")}


def test_what_an_earlier_run_looked_through_is_wanted_where_nothing_is_declared() -> (
    None
):
    coverage = Coverage()
    coverage.declare("declared", frozenset({ref("/app")}))
    coverage.declare("silent", frozenset())
    for name in ("declared", "silent"):
        coverage.recall(name, frozenset({ref("/earlier")}))
    assert coverage.wanted("declared") == {ref("/app")}
    assert coverage.wanted("silent") == coverage.doubted("silent") == {ref("/earlier")}


def test_what_no_render_reads_any_more_is_wanted_no_more() -> None:
    coverage = Coverage()
    coverage.declare("a", frozenset({ref("/app")}))
    coverage.ask("a", [ref("/old"), ref("/one"), ref("/many")])
    now = Reads(
        keys=frozenset({ref("/one")}), globs=frozenset({ref("/many/*"), ref("/app/*")})
    )
    before = coverage.wanted("a")
    coverage.shrink("a", now)
    assert coverage.wanted("a") == before, "the render waits for them"
    coverage.satisfied("a", now)
    coverage.shrink("a", now)
    assert coverage.wanted("a") == {ref("/app"), ref("/one"), ref("/many")}
