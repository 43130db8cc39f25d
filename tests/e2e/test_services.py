"""Announced services in templates, with the real program."""

import json
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
