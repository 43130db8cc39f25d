"""What is walked where a file of conf.d went bad."""

from confwatch.daemon.declared import Declared, with_last_good
from confwatch.errors import ConfigError
from confwatch.model.resource import Resource, Template
from confwatch.model.service import Service


def made(name: str, dest: str, *services: Service, file: str = "") -> Resource:
    return Resource(
        name, file or f"{name}.yaml", (Template("t.j2", dest),), services=services
    )


def bad(file: str) -> ConfigError:
    return ConfigError(file, None, "x", "unknown field")


def named(now: Declared) -> list[tuple[str, str]]:
    return sorted((one.name, one.file) for one in now.resources)


WEB, OTHER = made("web", "/out/web"), made("other", "/out/other")


def test_a_bad_file_keeps_its_last_good_version() -> None:
    now = with_last_good(Declared((OTHER,), (bad("web.yaml"),), ()), [WEB, OTHER])
    assert named(now) == [("other", "other.yaml"), ("web", "web.yaml")]


def test_a_file_that_is_gone_keeps_nothing() -> None:
    assert named(with_last_good(Declared((OTHER,), (), ()), [WEB, OTHER])) == [
        ("other", "other.yaml")
    ]


def test_a_newcomer_does_not_get_the_target_of_a_last_good_version() -> None:
    new = made("new", "/out/web")
    now = with_last_good(Declared((new, OTHER), (bad("web.yaml"),), ()), [WEB, OTHER])
    assert named(now) == [("other", "other.yaml"), ("web", "web.yaml")]
    told = str(now.problems[-1])
    assert told.startswith("new.yaml: dest: /out/web is held")
    assert told.endswith("web.yaml")


def test_a_newcomer_gets_neither_name_nor_service_of_a_last_good_version() -> None:
    service = Service(name="edge", id="e1", port=80)
    held = made("web", "/out/web", service)
    declared = (
        made("web", "/out/a", file="a.yaml"),
        made("b", "/out/b", service),
        OTHER,
    )
    now = with_last_good(Declared(declared, (bad("web.yaml"),), ()), [held, OTHER])
    assert named(now) == [("other", "other.yaml"), ("web", "web.yaml")]
    assert {problem.file for problem in now.problems} == {
        "web.yaml",
        "a.yaml",
        "b.yaml",
    }


def test_who_is_refused_keeps_a_last_good_version_that_holds_something_too() -> None:
    moved = made("other", "/out/web")  # wants what the bad one holds
    taker = made("taker", "/out/other")  # wants what it left
    now = with_last_good(Declared((moved, taker), (bad("web.yaml"),), ()), [WEB, OTHER])
    assert named(now) == [("other", "other.yaml"), ("web", "web.yaml")]
    assert {problem.file for problem in now.problems} == {
        "web.yaml",
        "other.yaml",
        "taker.yaml",
    }
