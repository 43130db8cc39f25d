"""Every shipped example is read, rendered, and judged by the program it is for."""

import subprocess
from pathlib import Path

import pytest

from confwatch.config.host import Host
from confwatch.config.resources import load_resources
from confwatch.mirror.mirror import Mirror
from confwatch.model.events import Loaded, Revision
from confwatch.model.keys import ROOT, Key
from confwatch.model.resource import Resource
from confwatch.render.limits import Limits
from confwatch.render.reads import Recorder
from confwatch.render.renderer import Renderer
from tests.support.servers import require

TOP = Path(__file__).parents[2]
SHIPPED = load_resources(TOP / "conf.d", stores=("main",), host=Host("h", {}, 0, 0))
RECORDS = {
    "/services/web/a": b"10.0.0.1:80",
    "/services/web/b": b'{"v":1,"id":"b","address":"10.0.0.2","port":81}',
    "/services/web/c": b"[2001:db8::1]:82",
    "/services/web/d": b'{"address":"10.0.0.4","port":84,"status":"critical"}',
    "/services/web/e": b"what?",
}
ENDPOINTS = (b"10.0.0.1:80", b"10.0.0.2:81", b"[2001:db8::1]:82")


def rendered(resource: Resource, keys: dict[str, bytes]) -> dict[str, bytes]:
    mirror = Mirror("main")
    entries = {Key(key): value for key, value in keys.items()}
    mirror.apply(Loaded(frozenset({ROOT}), Revision("1"), entries))
    renderer = Renderer(TOP / "templates", Limits())
    made = renderer.render(resource, {"main": mirror}, Recorder())
    return {one.template.dest: one.content for one in made.files}


def test_all_shipped_resources_are_right() -> None:
    assert SHIPPED.problems == ()
    assert SHIPPED.warnings == ()
    assert {one.name for one in SHIPPED.resources} == {"nginx", "haproxy"}


@pytest.mark.parametrize("resource", SHIPPED.resources, ids=lambda one: one.name)
@pytest.mark.parametrize("keys", [{}, RECORDS], ids=["none", "some"])
def test_every_shipped_template_renders(
    resource: Resource, keys: dict[str, bytes]
) -> None:
    for content in rendered(resource, keys).values():
        assert content.startswith(b"# Written by confwatch")
        for endpoint in ENDPOINTS:
            assert (endpoint in content) == bool(keys)
        assert b"10.0.0.4" not in content
        assert b"what?" not in content


@pytest.mark.real
@pytest.mark.parametrize("records", [{}, RECORDS], ids=["none", "some"])
@pytest.mark.parametrize("resource", SHIPPED.resources, ids=lambda one: one.name)
def test_the_programs_take_what_is_rendered(
    resource: Resource, records: dict[str, bytes], tmp_path: Path
) -> None:
    keys = {
        **records,
        "/nginx/pid": str(tmp_path / "pid").encode(),
        "/nginx/error_log": str(tmp_path / "log").encode(),
        "/nginx/temp": str(tmp_path).encode(),
    }
    program = require(resource.name)
    (content,) = rendered(resource, keys).values()
    path = tmp_path / "conf"
    path.write_bytes(content)
    check = {"nginx": ["-t", "-c"], "haproxy": ["-c", "-f"]}[resource.name]
    done = subprocess.run(
        [program, *check, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
