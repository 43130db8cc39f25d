"""What the stores are asked to tell."""

from confwatch.model.keys import Key, Ref
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


def test_asking_without_end_is_noticed_and_success_forgives() -> None:
    coverage = Coverage()
    coverage.declare("a", frozenset())
    for number in range(MAX_ROUNDS):
        assert coverage.ask("a", [ref(f"/{number}")])
    assert not coverage.ask("a", [ref("/more")])
    coverage.satisfied("a")
    assert coverage.ask("a", [ref("/again")])


def test_only_declared_prefixes_are_doubted_where_there_are_any() -> None:
    coverage = Coverage()
    coverage.declare("declared", frozenset({ref("/app")}))
    coverage.ask("declared", [ref("/found")])
    coverage.declare("silent", frozenset())
    coverage.ask("silent", [ref("/found")])
    assert coverage.doubted("declared") == {ref("/app")}
    assert coverage.doubted("silent") == {ref("/found")}
