"""What real confd put out, from the same keys by the same functions in Jinja."""

import json
from pathlib import Path
from typing import Any

import pytest

from confwatch.errors import RenderError
from tests.support.rendering import Kitchen

RECORDED = json.loads(Path(__file__).with_name("confd-templates.json").read_text())
CASES = {case["name"]: case for case in RECORDED["cases"]}

# The recorded Go templates, said in Jinja with the same functions.
JINJA = {
    "getv": 'name={{ getv("/app/name") }}\n',
    "getv_default": '{{ getv("/app/none", "fallback") }}'
    ' {{ getv("/app/name", "fallback") }}\n',
    "getv_missing": '{{ getv("/app/none") }}\n',
    "get_pair": '{% set p = get("/app/port") %}{{ p.Key }}={{ p.Value }}\n',
    "get_missing": '{{ get("/nope").Key }}\n',
    "gets_range": '{% for p in gets("/services/web/*") %}\n'
    "{{ p.key }} {{ p.value }}\n{% endfor %}\n",
    "gets_none": '[{% for p in gets("/nothing/*") %}{{ p.key }}{% endfor %}]\n',
    "gets_mid_glob": '{% for p in gets("/services/*/main") %}\n'
    "{{ p.key }}\n{% endfor %}\n",
    "gets_class": '{% for p in gets("/services/web/[ab]") %}\n'
    "{{ p.value }}\n{% endfor %}\n",
    "gets_star_is_one_level": '[{% for p in gets("/services/*") %}'
    "{{ p.key }}{% endfor %}]\n",
    "getvs_sorted_by_value": '{% for v in getvs("/s/*") %}{{ v }},{% endfor +%}\n',
    "exists": '{{ "yes" if exists("/app/name") else "no" }}'
    ' {{ "yes" if exists("/app/zip") else "no" }}\n',
    "ls": '{% for n in ls("/services") %}{{ n }} {% endfor %}|'
    '{% for n in ls("/services/web") %}{{ n }} {% endfor +%}\n',
    "ls_none": '[{% for n in ls("/zip") %}{{ n }}{% endfor %}]\n',
    "lsdir": '{% for n in lsdir("/services") %}{{ n }} {% endfor %}|'
    '{% for n in lsdir("/services/web") %}{{ n }} {% endfor +%}\n',
    "base_dir": '{{ base("/a/b/c") }} {{ dir("/a/b/c") }} {{ base("/") }}'
    ' {{ dir("/a") }} {{ base("") }} {{ dir("") }}\n',
    "split_index": '{% set u = split(getv("/services/web/a"), ":") %}'
    "{{ u[0] }} port {{ index(u, 1) }}\n",
    "json_fields": '{% set d = json(getv("/services/db/main")) %}'
    "{{ d.host }}:{{ d.port }} {{ d.tags[0] }} {{ d.opts.tls }}\n",
    "json_bad": '{% set d = json(getv("/app/name")) %}{{ d.x }}\n',
    "jsonArray": '{% for x in jsonArray(getv("/app/list")) %}<{{ x }}>{% endfor +%}\n',
    "upper_lower": '{{ toUpper(getv("/app/name")) }} {{ toLower("ABC") }}\n',
    "contains_replace": '{{ contains("abc", "b") }} {{ replace("a-b-c", "-", "_", -1) }}'
    ' {{ replace("a-b-c", "-", "_", 1) }}\n',
    "trimSuffix": '{{ trimSuffix("x.example.com", ".example.com") }}\n',
    "join": '{{ join(getvs("/services/web/*"), ",") }}\n',
    "base64": '{{ base64Encode("Value") }} {{ base64Decode("VmFsdWU=") }}\n',
    "parseBool": '{% if parseBool(getv("/app/debug")) %}on{% endif %} {{ parseBool("F") }}\n',
    "parseBool_bad": '{{ parseBool("maybe") }}\n',
    "sortByLength": '{% for v in sortByLength(getvs("/p/*")) %}{{ v }} {% endfor +%}\n',
    "atoi": '{{ add(atoi(getv("/app/port")), 1) }}\n',
    "atoi_bad": '{{ atoi("x1") }}\n',
    "map": '{% set m = map("name", "es", "port", 9200) %}'
    '{{ index(m, "name") }} {{ m.port }}\n',
    "printf": '{{ printf("%s-%d-%v-%q-%05d-%.2f-%x", "a", 7, true, \'q"x\', 42, 3.14159, 255) }}\n',
    "html_escape_none": '{{ getv("/app/quote") }}\n',
    "unicode": '{{ getv("/app/unicode") }} {{ toUpper(getv("/app/unicode")) }}\n',
    "multiline": '[{{ getv("/app/multi") }}]\n',
    "getenv": '{{ getenv("CONFWATCH_GOLDEN") }}|{{ getenv("CONFWATCH_UNSET", "dflt") }}'
    '|{{ getenv("CONFWATCH_UNSET") }}|\n',
    "prefix_stripped": '{{ getv("/name") }} {% for n in ls("/") %}{{ n }} {% endfor +%}\n',
    "undefined_function": '{{ nosuch("x") }}\n',
    "syntax_error": "{% if %}\n",
    "no_trailing_newline": 'x={{ getv("/app/name") }}',
    "nested_func_calls": '{{ toUpper(trimSuffix(base("/x/y.conf"), ".conf")) }}\n',
}


@pytest.mark.parametrize("name", JINJA)
def test_the_output_is_confds(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in RECORDED["environment"].items():
        monkeypatch.setenv(variable, value)
    case: dict[str, Any] = CASES[name]
    assert case["original_agrees"]
    kitchen = Kitchen(tmp_path, case["keys"])
    if case.get("error"):
        with pytest.raises(RenderError):
            kitchen.render(JINJA[name])
    else:
        rendered = kitchen.render(JINJA[name], case.get("prefix", "/"))
        assert rendered.decode() == case["expected"]
