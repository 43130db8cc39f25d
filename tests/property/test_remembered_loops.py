"""A loop whose texts are remembered writes what one that runs every time writes."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from confwatch.errors import RenderError
from confwatch.mirror import listing
from confwatch.model.events import Changed, Revision
from confwatch.model.keys import Key, encoded
from confwatch.model.reads import Reads
from tests.support.rendering import Kitchen

PURE = (
    "{{ p.value }}",
    "{{ p.key }}={{ p.Value }}",
    "{{ base(p.key)|upper }}",
    "{{ p.value|default('none')|replace('a', 'b') }}",
    "{{ p.value.split('-')[0] }}",
    "{{ p.value ~ '!' }}{{ [p.key, 1][0] }}{{ 'x' in p.value }}",
    "{% if p.value == 'a' %}A{% elif p.value is lower %}{{ p.key }}{% else %}-{% endif %}",
    "{{ json(p.value).a }}",
    "{{ 6 // atoi(p.value) }}",
    "{{ p.nosuch is defined }}",
)
IMPURE = (
    "{{ x }}",
    "{{ y }}{{ z }}",
    "{{ p.value if x else loop.index }}",
    "{{ loop.index }}{{ loop.last }}",
    "{{ getv(p.key) }}",
    "{{ getv('/other', 'none') }}",
    "{{ exists('/other') }}{{ ls('/n')|length }}",
    "{{ m(p) }}",
    "{{ nosuch }}",
    "{{ p.nosuch }}",
    "{{ split(*[p.value, x])|length }}",
    "{{ split(p.value, **{'separator': x})|length }}",
    "{{ p.value.join(getvs('/n/*')) }}",
    "{{ gets('/n/*')|length }}",
    "{{ gets('/n/*')|map(attribute='value')|join }}",
    "{{ c.next() }}",
    "{{ p.value|default(x) }}",
    "{{ [x, p.value]|join }}",
    "{% set x = p.value %}{{ x }}",
    "{% set ns.n = ns.n + 1 %}{{ ns.n }}",
    "{% include 'part.j2' %}",
    "{% for q in gets('/n/*') %}{{ q.value }}{{ p.key }}{{ x }}{% endfor %}",
    "{% filter upper %}{{ x }}{% endfilter %}",
    "{% call m2() %}{{ p.value }}{% endcall %}",
    "{% with x = p.value %}{{ x }}{% endwith %}",
)
BEFORE = (
    "{% macro base(k) %}{{ getv('/other', 'none') }}{% endmacro %}",
    "{% set base = x %}",
    "{% macro gets(k) %}{{ getv('/other', 'none') }}{% endmacro %}",
    "{% set y = getv('/y', 1) %}{% set z = not exists('/y') %}",
    "{% set y = -0.0 if exists('/y') else 0.0 %}{% set z = 1 %}",
    "{% set y = 1 if exists('/y') else true %}{% set z = none %}",
    "{% set y = gets('/y*') %}{% set z = exists('/y') and undefined %}",
)
ALWAYS = (
    "{% set x = getv('/other', 'none') %}{% set ns = namespace(n=0) %}"
    "{% set c = cycler('1', '2') %}"
    "{% macro m(p) %}{{ p.value }}{{ getv('/other', 'none') }}{% endmacro %}"
    "{% macro m2() %}{{ caller() }}{{ getv('/other', 'none') }}{% endmacro %}"
)
AROUND = (
    ("{% for p in gets('/n/*') %}", "{% endfor %}"),
    ("{% for p in gets('/n/[0-4]') %}", "{% endfor %}"),
    ("{% for p in gets('/n/' ~ x) %}", "{% endfor %}"),
    ("{% for p in gets('/n/*') if p.value != x %}", "{% endfor %}"),
    ("{% for p in gets('/n/*') %}", "{% else %}none{% endfor %}"),
    ("{% for d in ls('/') %}{% for p in gets('/n/*') %}", "{% endfor %}{% endfor %}"),
    ("{% set text %}{% for p in gets('/n/*') %}", "{% endfor %}{% endset %}{{ text }}"),
    ("{% block b %}{% for p in gets('/n/*') %}", "{% endfor %}{% endblock %}"),
    (
        "{% macro l(x) %}{% for p in gets('/n/*') %}",
        "{% endfor %}{% endmacro %}{{ l(x) }}",
    ),
    (
        "{% autoescape true %}{% for p in gets('/n/*') %}",
        "{% endfor %}{% endautoescape %}",
    ),
)
NAMES = st.sampled_from(
    [*(f"/n/{number}" for number in range(8)), "/n/5/deep", "/other", "/y"]
)
VALUES = st.sampled_from(["a", "b-c", "1", "0", '{"a": 1}', "-", "*", ""])
MANY = {f"/n/{number}": "b-c" for number in range(7)}
BODIES = st.lists(
    st.one_of(st.sampled_from(PURE), st.sampled_from(PURE + IMPURE)),
    min_size=1,
    max_size=4,
)


@pytest.fixture(autouse=True, scope="module")
def _small_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(listing, "SIZE", 2)
        yield


def rendered(kitchen: Kitchen) -> tuple[bytes | str, Reads]:
    """Return what came out, or what was said instead, and what was read."""
    try:
        return kitchen.again(), kitchen.reads
    except RenderError as error:
        return str(error), kitchen.reads


@example([PURE[0]], [], 0, MANY, [("/n/2", "0")])
@example([IMPURE[1]], [BEFORE[4]], 0, MANY, [("/n/7", "0"), ("/y", "0")])
@example([IMPURE[1]], [BEFORE[5]], 0, MANY, [("/n/7", "0"), ("/y", "0")])
@example([IMPURE[10]], [], 0, MANY, [("/n/7", "0"), ("/other", "b")])
@given(
    BODIES,
    st.lists(st.sampled_from(BEFORE), max_size=2),
    st.integers(0, len(AROUND) - 1),
    st.dictionaries(NAMES, VALUES, min_size=4),
    st.lists(st.tuples(NAMES, st.none() | VALUES), min_size=1, max_size=8),
)
def test_a_remembered_loop_writes_what_a_plain_one_writes(
    bodies: list[str],
    before: list[str],
    around: int,
    keys: dict[str, str],
    changes: list[tuple[str, str | None]],
) -> None:
    opening, closing = AROUND[around]
    lines = [ALWAYS + "".join(before) + opening, *bodies, closing]
    text = "\n".join(lines)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        remembering, plain = Kitchen(Path(one), keys), Kitchen(Path(two), keys)
        # What is no call of gets itself is a loop as Jinja has it.
        remembering.write("t.j2", text)
        plain.write("t.j2", text.replace(") %}\n", ")|list %}\n", 1))
        for kitchen in (remembering, plain):
            kitchen.write("part.j2", "{{ getv('/other', 'none') }}")
        for key, value in changes:
            put = {} if value is None else {Key(key): encoded(value)}
            gone = frozenset({Key(key)}) - put.keys()
            for kitchen in (remembering, plain):
                kitchen.mirror.apply(Changed(Revision("2"), put, gone))
            made, reads = rendered(remembering)
            expected, noted = rendered(plain)
            if isinstance(made, bytes) or isinstance(expected, bytes):
                assert made == expected
            else:
                assert made.split(": ")[0] == expected.split(": ")[0]
            assert replaced(reads) == replaced(noted)


def replaced(reads: Reads) -> tuple[object, ...]:
    """Return the reads, the two folders of templates made the same."""
    files = {Path(path).name for path in reads.files}
    return (reads.keys, reads.globs, reads.folders, reads.uncovered, files)
