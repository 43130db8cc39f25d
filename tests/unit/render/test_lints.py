"""What declared keys and reads do not agree about."""

import pytest

from confwatch.model.keys import Key, Ref
from confwatch.model.reads import Reads
from confwatch.model.resource import Resource, Template
from confwatch.render.areas import Area, Reach, areas_of
from confwatch.render.lints import never_covered, never_read


def ref(key: str, store: str = "main") -> Ref:
    return Ref(store, Key(key))


def resource(*keys: str, only_keys: bool = False) -> Resource:
    refs = tuple(ref(f"/p{key}") for key in keys)
    lines = tuple(range(3, 3 + len(keys)))
    template = Template("t.j2", "/t", refs, key_lines=lines)
    return Resource("r", "r.yaml", (template,), prefix=Key("/p"), only_keys=only_keys)


@pytest.mark.parametrize(
    ("key", "reach", "is_read"),
    [
        ("/p/a", Reach.KEY, True),
        ("/p/a/b", Reach.KEY, True),
        ("/p/ab", Reach.KEY, False),
        ("/p", Reach.KEY, False),
        ("/p", Reach.ALL, True),
        ("/p", Reach.SOME, True),
        ("/p/b", Reach.ALL, False),
    ],
)
def test_a_declared_prefix_is_read_where_somebody_may_look_below_it(
    key: str, reach: Reach, *, is_read: bool
) -> None:
    told = [str(one) for one in never_read(resource("/a"), [Area(ref(key), reach)])]
    warning = "r.yaml:3: templates[0].keys: /a is declared and never read"
    assert told == ([] if is_read else [warning])


def test_the_field_is_named_as_confd_writes_it() -> None:
    (told,) = never_read(resource("/a", only_keys=True), [])
    assert str(told) == "r.yaml:3: template.keys: /a is declared and never read"


def test_the_same_key_of_another_store_is_no_read() -> None:
    area = Area(ref("/p/a", "other"), Reach.KEY)
    assert [*never_read(resource("/a"), [area])]


def test_what_one_template_declares_another_one_may_read() -> None:
    one = resource("/a").templates[0]
    both = Resource("r", "r.yaml", (one, Template("u.j2", "/u")), prefix=Key("/p"))
    assert not [*never_read(both, [Area(ref("/p/a/x"), Reach.KEY, "u.j2", 1)])]


@pytest.mark.parametrize(
    ("key", "reach", "told"),
    [
        ("/p/a/x", Reach.KEY, ""),
        ("/p/b", Reach.KEY, "t.j2:7: /b is read and not below keys"),
        ("/p", Reach.ALL, "t.j2:7: / is read and not below keys"),
        ("/p", Reach.SOME, ""),
        ("/reg/web", Reach.ALL, "t.j2:7: /reg/web is read and not below keys"),
    ],
)
def test_a_read_is_covered_by_a_prefix_that_holds_all_of_it(
    key: str, reach: Reach, told: str
) -> None:
    areas = [Area(ref(key), reach, "t.j2", 7)]
    found = ", ".join(str(one) for one in never_covered(resource("/a"), areas))
    assert found.startswith(told)
    assert bool(found) == bool(told)


@pytest.mark.parametrize(
    ("key", "reach", "exists"),
    [("/p/b", Reach.KEY, False), ("/p", Reach.ALL, True), ("/p/b", Reach.ALL, False)],
)
def test_to_a_template_of_confd_nothing_exists_beyond_its_keys(
    key: str, reach: Reach, *, exists: bool
) -> None:
    areas = [Area(ref(key), reach, "t.j2", 7)]
    found = [str(one) for one in never_covered(resource("/a", only_keys=True), areas)]
    warning = "t.j2:7: /b is not below keys, so it does not exist for this template"
    assert found == ([] if exists else [warning])


def test_a_resource_without_keys_is_told_nothing() -> None:
    assert not [*never_covered(resource(), [Area(ref("/p/b"), Reach.KEY)])]


def test_a_place_is_told_once_and_with_its_line_where_one_is_known() -> None:
    lines = [Area(ref("/p/b"), Reach.KEY, "t.j2", line) for line in (9, 2)]
    areas = [Area(ref("/p/b"), Reach.KEY), *lines]
    (told,) = never_covered(resource("/a"), areas)
    assert str(told).startswith("t.j2:2: /b ")


def test_what_a_render_noted_becomes_places() -> None:
    reads = Reads(
        keys=frozenset({ref("/a/x")}),
        globs=frozenset({ref("/b/*/c")}),
        folders=frozenset({ref("/c")}),
    )
    assert areas_of(reads) == {
        Area(ref("/a/x"), Reach.KEY),
        Area(ref("/b"), Reach.ALL),
        Area(ref("/c"), Reach.ALL),
    }
