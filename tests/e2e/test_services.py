"""Announced services in templates, with the real program."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch

pytestmark = pytest.mark.daemon

PROBLEM = "is neither HOST:PORT nor a JSON object"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        text = "{% for s in services('web') %}{{ s.endpoint }}\n{% endfor %}"
        running.template("web.j2", text)
        running.resource("web", "templates: [{src: web.j2, dest: OUT/web}]\n")
        running.put("/services/web/a", "10.0.0.1:80")
        yield running


async def test_a_skipped_record_is_named_in_the_log_and_the_status(
    program: Confwatch,
) -> None:
    program.put("/services/web/b", "?")
    program.start()
    await program.holds("web", "10.0.0.1:80\n")
    (line,) = await program.logged("records.skipped")
    assert line["records"] == [f"main:/services/web/b {PROBLEM}"]
    assert (line["level"], line["skipped"]) == ("warning", 1)
    named = f"skipped by web: main:/services/web/b {PROBLEM}"
    assert named in program.run("status").stdout.decode()
    (web,) = json.loads(program.run("status", "--json").stdout)["resources"]
    assert web["skipped"] == 1
    program.put("/services/web/b", '{"address": "10.0.0.2", "port": 80}')
    await program.holds("web", "10.0.0.1:80\n10.0.0.2:80\n")
    assert "skipped by" not in program.run("status").stdout.decode()
    assert program.end() == 0


def test_a_dry_run_names_what_it_skips(program: Confwatch) -> None:
    program.put("/services/web/b", "?")
    done = program.run("render")
    assert b"10.0.0.1:80" in done.stdout
    assert f"web: skipped main:/services/web/b {PROBLEM}" in done.stderr.decode()
    assert done.returncode == 2


async def test_what_one_resource_announces_in_any_format_another_one_finds(
    program: Confwatch,
) -> None:
    program.template("api.j2", "")
    formats = {
        "j": "format: json",
        "r": "format: registrator",
        "c": "format: consul",
        "x": 'format: custom, key: "/services/web/{{ id }}", value: "{{ endpoint }}"',
    }
    services = "".join(
        f"  - {{name: web, id: {own}, port: 81, address: '2001:db8::1', {written}}}\n"
        for own, written in formats.items()
    )
    services += "  - {name: web, id: S.1, port: 82, address: h.example,"
    services += " format: skydns, domain: cluster.local}\n"
    api = "templates: [{src: api.j2, dest: OUT/api}]\nservices:\n"
    program.resource("api", api + services)
    program.template(
        "dns.j2",
        "{% for s in services('web', domain='cluster.local') %}"
        "{{ s.id }} {{ s.endpoint }}\n{% endfor %}",
    )
    program.resource("dns", "templates: [{src: dns.j2, dest: OUT/dns}]\n")
    program.start()
    await program.holds("web", "10.0.0.1:80\n" + 4 * "[2001:db8::1]:81\n")
    await program.holds("dns", "s-1 h.example:82\n")
    program.resource("api", "templates: [{src: api.j2, dest: OUT/api}]\n")
    program.send(signal.SIGHUP)
    await program.holds("web", "10.0.0.1:80\n")
    await program.holds("dns", "")
    assert program.end() == 0


async def test_a_service_comes_and_goes_with_its_health(program: Confwatch) -> None:
    ready = program.folder / "ready"
    program.template("api.j2", "")
    program.resource(
        "api",
        "templates: [{src: api.j2, dest: OUT/api}]\n"
        "services:\n"
        "  - {name: web, id: b, port: 81, address: h, checks:"
        f" [{{file: {ready}, interval: 100ms, rise: 1, fall: 1}}]}}\n",
    )
    program.start()
    await program.holds("web", "10.0.0.1:80\n")
    ready.touch()
    await program.holds("web", "10.0.0.1:80\nh:81\n")
    ready.unlink()
    await program.holds("web", "10.0.0.1:80\n")
    assert program.end() == 0
