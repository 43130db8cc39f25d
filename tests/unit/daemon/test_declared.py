"""What the settings and conf.d come to together."""

from pathlib import Path

import pytest

from confwatch.config.layers import load_settings
from confwatch.daemon.declared import Declared, read
from confwatch.daemon.parts import make_renderer
from confwatch.mirror.mirror import Mirror
from confwatch.model.events import Loaded, Revision
from confwatch.model.keys import ROOT, Key
from confwatch.render.reads import Recorder

HEAD = "templates: [{src: t.j2, dest: /tmp/t}]\nservices:\n"


def declared(folder: Path, services: str, settings: str = "") -> Declared:
    (folder / "conf.d").mkdir()
    (folder / "conf.d" / "a.yaml").write_text(HEAD + services)
    (folder / "confwatch.yaml").write_text(settings)
    return read(load_settings({"confdir": str(folder)}, {}))


@pytest.mark.parametrize(
    ("fields", "prefix"),
    [
        ("", "/reg"),
        (", prefix: /own", "/own"),
        (", format: skydns, domain: cluster.local", "/skydns"),
    ],
)
def test_services_stand_below_the_registration_prefix_unless_they_say_another(
    tmp_path: Path, fields: str, prefix: str
) -> None:
    found = declared(
        tmp_path,
        f"  - {{name: web, port: 80, address: 10.0.0.5, id: w{fields}}}\n",
        "registration_prefix: /reg/\n",
    )
    assert found.problems == ()
    assert found.resources[0].services[0].prefix == prefix


def test_templates_look_where_services_are_announced(tmp_path: Path) -> None:
    found = declared(tmp_path, "  - {name: web, port: 80, address: h, id: w}\n")
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "t.j2").write_text("{{ services('web')[0].endpoint }}")
    environ = {"CONFWATCH_REGISTRATION_PREFIX": "/reg"}
    renderer = make_renderer(load_settings({"confdir": str(tmp_path)}, environ))
    mirror = Mirror("main")
    entries = {Key("/reg/web/w"): b"h:80"}
    mirror.apply(Loaded(frozenset({ROOT}), Revision("1"), entries))
    made = renderer.render(found.resources[0], {"main": mirror}, Recorder())
    assert made.files[0].content == b"h:80"


def test_a_custom_text_that_no_service_fills_in_is_refused_at_load(
    tmp_path: Path,
) -> None:
    found = declared(
        tmp_path,
        "  - {name: web, port: 80, address: h, id: w, format: custom,"
        ' key: "/x/{{ nme }}", value: "{{ id"}\n',
    )
    told = [f"{one.field}: {one.problem}" for one in found.problems]
    assert "services[0].key: inserts nme, which is none of" in told[0]
    assert "services[0].value: cannot be filled in" in told[1]
    assert found.resources == ()
