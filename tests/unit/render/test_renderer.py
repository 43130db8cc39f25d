"""What templates may do, how they fail, and what is noted of them."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from confwatch.errors import RenderError
from confwatch.mirror.listing import SIZE
from confwatch.mirror.mirror import Mirror
from confwatch.model.events import Changed, Loaded, Revision
from confwatch.model.keys import ROOT, Key, Ref
from confwatch.model.resource import Template
from confwatch.render import remembered
from confwatch.render.reads import Recorder
from tests.support.rendering import Kitchen


@pytest.fixture
def kitchen(tmp_path: Path) -> Kitchen:
    return Kitchen(tmp_path, {"/a/x": "1", "/a/y": "2", "/a/z/deep": "3", "/b": "4"})


def counting(printed: list[object]) -> Callable[[object], str]:
    """Return what prints everything as 1, and notes what that was."""

    def noted(thing: object) -> str:
        printed.append(thing)
        return "1"

    return noted


def failure(kitchen: Kitchen, text: str) -> str:
    with pytest.raises(RenderError) as caught:
        kitchen.render(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('a\n{{ getv("/none") }}', "t.j2:2: key does not exist: /none"),
        ("\n\n{{ nosuch }}", "t.j2:3: 'nosuch' is undefined"),
        ("{% if %}", "t.j2:1: Expected an expression"),
        ("{{ none }}", "t.j2:1: cannot print None"),
        ('{{ gets("/a/*") }}', "t.j2:1: cannot print a list"),
        ('{{ json("{}") }}', "t.j2:1: cannot print a mapping"),
        ('{{ json("{}").items }}', "t.j2:1: cannot print a function"),
        ('{{ get("/b") }}', "t.j2:1: cannot print a pair"),
        ('{{ "x".upper }}', "t.j2:1: cannot print a function"),
        ("{{ 1 // 0 }}", "t.j2:1: failed with ZeroDivisionError"),
        ('{{ "".__class__ }}', "t.j2:1: access to attribute '__class__'"),
        ("{{ getv.func.__globals__ }}", "t.j2:1: "),
        ('{{ gets("/a/[") }}', "t.j2:1: syntax error in pattern: /a/["),
        ('{% include "none.j2" %}', "t.j2:1: template not found: none.j2"),
        ('{% include "../../etc/passwd" %}', "t.j2:1: template not found"),
        ('{{ "\\ud800" }}', "t.j2: made text that no bytes can be made of"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "t.j2:1: failed with Recu"),
        ("{% for i in range(99999) %}0123456789{% endfor %}", "made more than 10000"),
    ],
)
def test_a_failure_names_template_and_line(
    kitchen: Kitchen, text: str, told: str
) -> None:
    assert told in failure(kitchen, text)


@pytest.mark.parametrize(
    "step",
    [
        "9 ** 9 ** 9",
        "(2 ** 4000) * (2 ** 4000)",
        "mul(2 ** 4000, 2 ** 4000)",
        "'x' * 10 ** 9",
        "10 ** 9 * 'x'",
        "[1] * 10 ** 9",
        "'%1000000000d' % 1",
        "'%.1000000000f' % 1",
        "'%*d' % (1000000000, 1)",
        "printf('%1000000000d', 1)",
        "'%1000000000d'|format(1)",
        "'{:1000000000}'.format(1)",
        "'{:{}}'.format(1, 1000000000)",
        "'x'.center(1000000000)",
        "'x'.ljust(width=1000000000)",
        "'x'|center(1000000000)",
        "'x'|indent(1000000000, first=true)",
        "[1]|batch(1000000000, 0)|list",
        "[1]|slice(1000000000)|list",
        "seq(1, 1000000000)|list",
        "range(1000000000)|list",
        "reverse(seq(1, 1000000000))",
        "('x' * 90000)|replace('x', 'y' * 90000)",
        "('x' * 90000).replace('x', 'y' * 90000)",
        "replace('x' * 90000, 'x', 'y' * 90000, -1)",
        "range(90000)|join('y' * 90000)",
        "('y' * 90000).join(['x'] * 90000)",
        "join(['x'] * 90000, 'y' * 90000)",
        "('x' * 40000000) ~ ('x' * 40000000)",
        "('x' * 40000000) + ('x' * 40000000)",
    ],
)
def test_no_step_takes_all_time_or_memory(kitchen: Kitchen, step: str) -> None:
    assert failure(kitchen, "\n{{ (" + step + ")|length }}").startswith("t.j2:2: ")


def test_small_steps_are_made(kitchen: Kitchen) -> None:
    text = (
        "{{ 2 ** 10 }} {{ 3 * 4 + 1 }} {{ 'ab' * 2 }} {{ '%5.1f' % 1.25 }} {{ 'a' ~ 1 }}"
        " {{ '%(a)s' % {'a': 'x'} }} {{ 'x'.center(5) }}|{{ 'x'|center(3) }}|"
        " {{ ['a', 'b']|join(',') }} {{ ','.join(['a']) }} {{ 'aa'|replace('a', 'b') }}"
        " {{ '{:>3}'.format('x') }} {{ '%s-%s'|format('a', 1) }} {{ ([1] + [2])|length }}"
    )
    made = b"1024 13 abab   1.2 a1 x   x  | x | a,b a bb   x a-1 2"
    assert kitchen.render(text) == made


def test_many_prints_of_one_long_text_are_refused_before_they_are_joined(
    kitchen: Kitchen,
) -> None:
    kitchen.load({"/big": "x" * 9000})
    loop = "{% for i in range(9000) %}{{ getv('/big') }}{% endfor %}"
    assert "made more than 10000 bytes" in failure(kitchen, loop)
    told = failure(kitchen, "{% set x %}" + loop + "{% endset %}")
    assert "made more than 10000 bytes" in told


def test_a_failure_in_an_included_template_names_that_one(kitchen: Kitchen) -> None:
    kitchen.write("part.j2", '\n{{ getv("/none") }}')
    told = failure(kitchen, '{% include "part.j2" %}')
    assert told == "part.j2:2: key does not exist: /none"


def test_a_loop_without_end_is_cut_short(kitchen: Kitchen) -> None:
    loop = "{% for i in range(90000) %}" * 3 + "{% endfor %}" * 3
    assert "ran longer than 0.3 s" in failure(kitchen, loop)


def test_macros_that_call_each_other_without_end_are_cut_short(
    kitchen: Kitchen,
) -> None:
    macro = (
        "{% macro f(n) %}{% if n %}{{ f(n-1) }}{{ f(n-1) }}{% endif %}{% endmacro %}"
    )
    assert "ran longer than 0.3 s" in failure(kitchen, macro + "{{ f(40) }}")


def test_a_loop_over_pairs_asks_the_sandbox_nothing(kitchen: Kitchen) -> None:
    kitchen.load({f"/n/{number:03}": str(number) for number in range(500)})
    text = '{% for p in gets("/n/*") %}{{ p.key }}={{ getv(p.key) }}{{ p.Value }}{% endfor %}'
    kitchen.render(text)
    assert kitchen.renderer.environment.questions == 0


def test_a_change_renders_its_neighbours_alone(kitchen: Kitchen) -> None:
    kitchen.load({f"/n/{number:04}": "v" for number in range(2000)})
    text = '{% for p in gets("/n/*") %}{{ p.value|length }}{% endfor %}'
    assert kitchen.render(text) == b"1" * 2000
    printed: list[object] = []
    environment = kitchen.renderer.environment
    # Whatever is no text is printed by this, and so can be counted.
    environment.printed = counting(printed)
    assert kitchen.again() == b"1" * 2000
    assert not printed
    put = {Key("/n/0700"): b"changed", Key("/n/1999+"): b"new"}
    kitchen.mirror.apply(Changed(Revision("2"), put, frozenset({Key("/n/1500")})))
    assert kitchen.again() == b"1" * 2000
    assert 0 < len(printed) < 4 * SIZE


def test_an_edited_loop_is_not_the_one_remembered(kitchen: Kitchen) -> None:
    kitchen.load({f"/n/{number:04}": "Aa" for number in range(600)})
    text = '{% for p in gets("/n/*") %}{{ p.value|lower }}{% endfor %}'
    assert kitchen.render(text) == b"aa" * 600
    # The compiled bodies differ in the number of their filter alone.
    assert kitchen.render(text.replace("lower", "upper")) == b"AA" * 600


def test_a_loop_that_is_too_long_is_not_remembered(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST_CHARS", 700)
    kitchen.load({f"/n/{number:04}": "v" for number in range(600)})
    body = "{{ p.value|length }}{% endfor %}"
    loop = '{% for p in gets("/n/*") %}' + body
    assert kitchen.render(loop + loop.replace("*", "0[0-4]*")) == b"1" * 1100
    printed: list[object] = []
    kitchen.renderer.environment.printed = counting(printed)
    kitchen.again()
    assert len(printed) == 500, "the first had room"
    kitchen.renderer.forget("r")
    kitchen.again()
    assert len(printed) == 500 + 1100


def test_values_are_put_out_byte_for_byte(kitchen: Kitchen) -> None:
    raw = bytes(range(256))
    kitchen.load({"/raw": raw.decode("utf-8", "surrogateescape")})
    assert kitchen.render('{{ getv("/raw") }}') == raw
    assert kitchen.render('{{ base64Decode(base64Encode(getv("/raw"))) }}') == raw


def test_values_are_never_templates(kitchen: Kitchen) -> None:
    kitchen.load({"/evil": '{{ getv("/b") }}{% raw %}'})
    assert kitchen.render('{{ getv("/evil") }}') == b'{{ getv("/b") }}{% raw %}'


@pytest.mark.parametrize(
    ("template", "made"),
    [
        (b"a\r\nb\nc\rd", b"a\r\nb\nc\rd"),
        (b"{% if true %}\r\nx\r\n{% endif %}\r\ny\r\n", b"x\r\ny\r\n"),
        (
            b"{# note\r\n #}\r\na\n{% if true -%}\r\n\r\n b\n{% endif %}c\r\n",
            b"a\nb\nc\r\n",
        ),
        (b"\xff\xfe no text {{ 1 }}\n\n", b"\xff\xfe no text 1\n\n"),
        (b"{{ true }} {{ not true }} {{ 1.5 }} {{ -3 }}", b"true false 1.5 -3"),
    ],
)
def test_templates_come_out_as_they_were_written(
    kitchen: Kitchen, template: bytes, made: bytes
) -> None:
    assert kitchen.render(template) == made


def test_an_item_comes_before_an_attribute(kitchen: Kitchen) -> None:
    kitchen.load({"/j": '{"items": 1, "b": {"keys": "k"}}'})
    text = (
        '{% set j = json(getv("/j")) %}{{ j.items }}{{ j.b.keys }}{{ j.get("b").keys }}'
    )
    assert kitchen.render(text) == b"1kk"


def test_include_import_and_extends_work(kitchen: Kitchen) -> None:
    kitchen.write("base.j2", "<{% block body %}{% endblock %}>")
    kitchen.write(
        "lib.j2", '{% set b = getv("/b") %}{% macro m(x) %}{{ x }}{{ b }}{% endmacro %}'
    )
    kitchen.write("part.j2", '{{ getv("/a/x") }}')
    text = (
        '{% extends "base.j2" %}{% import "lib.j2" as lib %}'
        '{% block body %}{{ lib.m("m") }}{% include "part.j2" %}{% endblock %}'
    )
    assert kitchen.render(text) == b"<m41>"
    kitchen.load({"/a/x": "1", "/b": "new"})
    assert kitchen.again() == b"<mnew1>", "an imported template is made anew"
    names = {Path(path).name for path in kitchen.reads.files}
    assert names == {"t.j2", "base.j2", "lib.j2", "part.j2"}


def test_hundreds_of_templates_stay_compiled(
    kitchen: Kitchen, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled, environment = [], kitchen.renderer.environment
    names = [f"t{number}.j2" for number in range(450)]
    compile_one = environment.compile

    def counted(source: str, *where: Any) -> object:
        compiled.append(source)
        return compile_one(source, *where)

    # A plain count of what Jinja asks for.
    monkeypatch.setattr(environment, "compile", counted)
    for name in names:
        kitchen.write(name, name)
    for name in names + names:
        environment.get_template(name)
    assert len(compiled) == len(names)


def test_an_edited_template_is_read_again(kitchen: Kitchen) -> None:
    assert kitchen.render("one") == b"one"
    assert kitchen.render("two") == b"two"


def test_reads_hold_what_was_found_and_what_was_not(kitchen: Kitchen) -> None:
    kitchen.render(
        '{{ getv("/x") }}{{ exists("/none") }}{% for p in gets("/z/*") %}{% endfor %}'
        '{{ ls("/z")|length }}{{ getv("/no", "d") }}{% include "gone" ignore missing %}',
        prefix="/a",
    )
    reads = kitchen.reads
    assert {ref.key for ref in reads.keys} >= {"/a/x", "/a/none", "/a/no"}
    assert {ref.key for ref in reads.globs} == {"/a/z/*"}
    assert {ref.key for ref in reads.folders} == {"/a/z"}
    assert {Path(path).name for path in reads.files} == {"t.j2", "gone"}
    assert not reads.uncovered


def test_a_failed_render_keeps_its_reads(kitchen: Kitchen) -> None:
    failure(kitchen, '{{ getv("/a/x") }}{{ getv("/none") }}')
    assert {ref.key for ref in kitchen.reads.keys} == {"/a/x", "/none"}


def test_many_uncovered_keys_are_found_by_one_render(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path, {"/a/x": "1"}, scope="/a")
    text = (
        '{{ getv("/a/x") }}{{ getv("/b/one") }}{{ getv("/b/two") }}{{ getv("/c", "") }}'
        '{% for p in gets("/d/*/e") %}{% endfor %}{{ ls("/e")|length }}'
    )
    kitchen.render(text)
    assert kitchen.reads.uncovered == {
        Ref("main", Key(key)) for key in ("/b/one", "/b/two", "/c", "/d", "/e")
    }


def test_confds_resources_see_their_keys_alone(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path, {"/a/x/one": "1", "/a/y": "2", "/b": "3"}, scope="/")
    keys = (Ref("main", Key("/a/x")),)
    kitchen.resource = replace(
        kitchen.resource,
        templates=(Template("t.j2", "/t", keys=keys),),
        only_keys=True,
    )
    text = '{{ getv("/a/x/one") }}{{ exists("/a/y") }}{{ ls("/a")|join }}{{ gets("/a/*")|length }}'
    assert kitchen.render(text) == b"1falsex0"
    assert not kitchen.reads.uncovered


def test_confds_resources_see_no_folder_for_the_sake_of_another_store(
    tmp_path: Path,
) -> None:
    kitchen = Kitchen(tmp_path, {"/a/x/one": "1", "/a/y/two": "2"})
    other = Mirror("other")
    keys = (Ref("main", Key("/a/x")), Ref("other", Key("/a/y")))
    kitchen.resource = replace(
        kitchen.resource,
        templates=(Template("t.j2", "/t", keys=keys),),
        only_keys=True,
    )
    kitchen.write("t.j2", '{{ lsdir("/a")|join(" ") }}')
    mirrors = {"main": kitchen.mirror, "other": other}
    made = kitchen.renderer.render(kitchen.resource, mirrors, Recorder())
    assert made.files[0].content == b"x"


def test_a_fifo_holds_up_no_render(kitchen: Kitchen, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "t.j2:1: cannot read template pipe: it is not a regular file" in failure(
        kitchen, '{% include "pipe" %}'
    )
    told = failure(kitchen, f'{{{{ file("{tmp_path}/pipe") }}}}')
    assert told.endswith("pipe: it is not a regular file")


def test_a_globs_prefix_is_no_pattern(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path, {"/p*/a": "1", "/px/a": "2"})
    text = '{% for p in gets("/*") %}{{ p.key }}={{ p.value }}{% endfor %}'
    assert kitchen.render(text, prefix="/p*") == b"/a=1"


def test_go_templates_are_refused_in_words(kitchen: Kitchen) -> None:
    kitchen.resource = replace(kitchen.resource, dialect="go")
    assert "Go templates cannot be rendered yet" in failure(kitchen, "{{.}}")


def test_keys_of_another_store_are_read_by_its_name(kitchen: Kitchen) -> None:
    other = Mirror("other")
    other.apply(Loaded(frozenset({ROOT}), Revision("1"), {Key("/o/k"): b"there"}))
    kitchen.write(
        "t.j2",
        '{{ getv("other:/o/k") }} {{ getv("/b") }} {{ ls("other:/o")|join }}'
        ' {{ gets("other:/o/*")[0].key }} {{ exists("none:/b") }}',
    )
    recorder = Recorder()
    mirrors = {"main": kitchen.mirror, "other": other}
    made = kitchen.renderer.render(kitchen.resource, mirrors, recorder)
    assert made.files[0].content == b"there 4 k /o/k false"
    assert Ref("other", Key("/o/k")) in recorder.keys


@pytest.mark.parametrize("text", ["{{ lipsum() }}", "{{ [1, 2]|random }}"])
def test_nothing_that_differs_at_every_render_is_there(
    kitchen: Kitchen, text: str
) -> None:
    assert "lipsum" in failure(kitchen, text) or "random" in failure(kitchen, text)
