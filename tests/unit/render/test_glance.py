"""What templates ask for, as far as that is written out in them."""

from pathlib import Path

import pytest

from confwatch.model.keys import Key
from confwatch.model.resource import Resource, Template
from confwatch.render.areas import Ways
from confwatch.render.glance import Glance, glance
from tests.support.rendering import Kitchen


def looked(folder: Path, text: str, **others: str) -> Glance:
    kitchen = Kitchen(folder)
    kitchen.write("t.j2", text)
    for name, other in others.items():
        kitchen.write(name, other)
    resource = Resource("r", "r.yaml", (Template("t.j2", "/t"),), prefix=Key("/p"))
    ways = Ways(resource, ("main", "other"), Key("/reg"))
    return glance(kitchen.renderer.environment, ways)


def places(found: Glance) -> list[str]:
    return sorted(
        f"{one.ref.store}:{one.ref.key} {one.reach.value}" for one in found.areas
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{{ getv("/a/x") }}', "main:/p/a/x key"),
        ('{{ getv("/a/x", "no") }}', "main:/p/a/x key"),
        ('{{ get("other:/a").value }}', "other:/p/a key"),
        ('{% if exists("/a") %}{% endif %}', "main:/p/a key"),
        ('{% for x in gets("/a/*/b") %}{% endfor %}', "main:/p/a all"),
        ('{{ getvs("/a/b") | join }}', "main:/p/a all"),
        ('{{ ls("/a/") | join }}', "main:/p/a all"),
        ('{{ lsdir("/") | join }}', "main:/p all"),
        ('{{ services("web") | length }}', "main:/reg/web all"),
        ('{{ services("other:web") | length }}', "other:/reg/web all"),
        (
            '{{ services("web", domain="b.c") | length }}',
            "main:/skydns/c/b/web all",
        ),
        ('{{ getv("/a/" ~ x ~ "/y") }}', "main:/p/a some"),
        ('{{ getv("/a/b" + x + "/y") }}', "main:/p/a some"),
        ('{{ getv(printf("/a/%s/y", x)) }}', "main:/p/a some"),
        ('{% for y in gets("/a/" ~ x ~ "/*") %}{% endfor %}', "main:/p/a some"),
        ('{{ getv("/" ~ x) }}', "main:/p some"),
    ],
)
def test_a_text_that_is_written_out_is_understood(
    tmp_path: Path, text: str, place: str
) -> None:
    found = looked(tmp_path, text)
    assert places(found) == [place]
    assert found.is_whole


@pytest.mark.parametrize(
    "text",
    [
        "{{ getv(x) }}",
        '{{ getv(getv("/pointer")) }}',
        '{{ getv(x ~ "/a") }}',
        '{{ getv(key="/a") }}',
        '{{ services("w" ~ x) | length }}',
        '{{ services("web", domain=x) | length }}',
        '{{ ["/a"] | map("upper") | map(x) | join }}{% set f = getv %}{{ f("/a") }}',
        "{% include x %}",
        '{% include "none.j2" %}',
        "{% if %}",
    ],
)
def test_a_text_that_is_made_is_only_known_of(tmp_path: Path, text: str) -> None:
    assert not looked(tmp_path, text).is_whole


def test_what_a_template_takes_in_is_looked_at_once(tmp_path: Path) -> None:
    found = looked(
        tmp_path,
        '{% import "m" as m %}\n{% include ["i"] %}{% from "m" import a %}',
        m='{% macro a() %}\n{{ getv("/m") }}{% endmacro %}',
        i='{% include "i" %}{{ getv("/i") }}',
    )
    assert found.is_whole
    told = sorted((one.template, one.line, one.ref.key) for one in found.areas)
    assert told == [("i", 1, "/p/i"), ("m", 2, "/p/m")]


def test_of_a_go_template_nothing_is_known(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path)
    declared = (Template("t.tmpl", "/t"),)
    resource = Resource("r", "r.toml", declared, only_keys=True, dialect="go")
    ways = Ways(resource, ("main",), Key("/reg"))
    found = glance(kitchen.renderer.environment, ways)
    assert (found.areas, found.is_whole) == (set(), False)
