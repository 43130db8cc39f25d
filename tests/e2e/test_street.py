"""From a key in the store to a reloaded service, with the real program."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.waiting import until

WEB = """
prefix: /app
templates:
  - {src: web.j2, dest: OUT/web.conf, keys: [/web]}
reload: echo reloaded >> OUT/reloads
"""
LOOP = """{% for pair in gets("/web/*") %}
{{ pair.key }}={{ pair.value }}
{% endfor %}
"""


pytestmark = pytest.mark.daemon


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        yield running


def reloads(program: Confwatch) -> int:
    path = program.out / "reloads"
    return len(path.read_text().splitlines()) if path.exists() else 0


def web(program: Confwatch) -> None:
    program.template("web.j2", LOOP)
    program.resource("web", WEB)
    program.put("/app/web/a", "1")


async def test_a_put_is_in_the_file_and_the_service_reloads(program: Confwatch) -> None:
    web(program)
    program.start()
    await program.holds("web.conf", "/web/a=1\n")
    await until(lambda: reloads(program) == 1)
    program.put("/app/web/b", "2")
    await program.holds("web.conf", "/web/a=1\n/web/b=2\n")
    await until(lambda: reloads(program) == 2)
    line = (await program.logged("resource.installed", 2))[1]
    assert line["because"] == "keys changed: /app/web/b"
    assert line["owed"] == "reload"
    assert program.end() == 0


async def test_a_restart_without_a_change_reloads_nothing(program: Confwatch) -> None:
    web(program)
    program.start()
    await program.logged("resource.proven")
    program.end()
    program.start()
    await program.logged("resource.unchanged")
    await until(lambda: program.status()["ready"])
    assert reloads(program) == 1


async def test_a_failed_reload_is_made_later_and_after_a_restart(
    program: Confwatch,
) -> None:
    program.template("web.j2", LOOP)
    program.resource("web", WEB.replace("echo", "test -e OUT/well && echo"))
    program.put("/app/web/a", "1")
    program.start()
    failed = await program.logged("reload.failed")
    assert failed[0]["owed"] == "reload"
    assert program.status()["resources"][0]["state"] == "owed"
    program.end(signal.SIGKILL)
    (program.out / "well").touch()
    program.start()
    await until(lambda: reloads(program) == 1)
    await until(lambda: program.status()["resources"][0]["state"] == "in place")


async def test_a_refused_stage_leaves_all_targets_as_they_were(
    program: Confwatch,
) -> None:
    program.template("one.j2", '{{ getv("/one") }}\n')
    program.template("two.j2", '{{ getv("/two") }}\n')
    program.resource(
        "pair",
        """
templates:
  - {src: one.j2, dest: OUT/one, keys: [/one]}
  - {src: two.j2, dest: OUT/two, keys: [/two], check: "! grep -q bad {{ src }}"}
""",
    )
    program.put("/one", "1")
    program.put("/two", "2")
    program.start()
    await program.holds("two", "2\n")
    program.put("/two", "bad")
    await program.logged("resource.failed")
    program.put("/one", "another")
    await program.logged("resource.failed", 2)
    assert (program.out / "one").read_text() == "1\n"
    assert (program.out / "two").read_text() == "2\n"
    program.put("/two", "good")
    await program.holds("two", "good\n")
    await program.holds("one", "another\n")
    left = {path.name for path in program.out.iterdir()}
    assert not [name for name in left if "prev" not in name and name[0] == "."]


async def test_a_missing_key_is_named_and_heals_when_it_comes(
    program: Confwatch,
) -> None:
    program.template("web.j2", 'a\n{{ getv("/missing") }}\n')
    program.resource("web", "templates: [{src: web.j2, dest: OUT/web, keys: [/]}]\n")
    program.start()
    error = (await program.logged("resource.failed"))[0]["error"]
    assert error == "web.j2:2: key does not exist: /missing"
    program.put("/missing", "here")
    await program.holds("web", "a\nhere\n")


async def test_keys_that_are_not_declared_are_found_while_rendering(
    program: Confwatch,
) -> None:
    program.template("web.j2", '{{ getv(getv("/pointer")) }}\n')
    program.resource("web", "templates: [{src: web.j2, dest: OUT/web}]\n")
    program.put("/pointer", "/deep/value")
    program.put("/deep/value", "found")
    program.put("/other", "untouched")
    program.start()
    await program.holds("web", "found\n")
    program.put("/deep/value", "changed")
    await program.holds("web", "changed\n")
    (store,) = program.status()["stores"]
    assert store["below"] == ["/deep/value", "/pointer"]


async def test_an_edited_template_is_taken_up_at_once(program: Confwatch) -> None:
    web(program)
    program.start()
    await program.holds("web.conf", "/web/a=1\n")
    program.template("web.j2", "edited\n")
    await program.holds("web.conf", "edited\n")


async def test_a_bad_file_disables_its_resource_only(program: Confwatch) -> None:
    web(program)
    bad = program.resource("bad", "templates: [{src: web.j2, dst: OUT/bad}]\n")
    program.start()
    await program.holds("web.conf", "/web/a=1\n")
    problem = (await program.logged("config.refused"))[0]["problem"]
    assert str(bad) in problem
    assert "dest" in problem


async def test_hup_reads_conf_d_again_and_a_bad_edit_keeps_the_last_good(
    program: Confwatch,
) -> None:
    web(program)
    program.start()
    await program.holds("web.conf", "/web/a=1\n")
    program.resource("more", "templates: [{src: web.j2, dest: OUT/more, keys: [/]}]")
    program.resource("web", "templates: nonsense\n")
    program.send(signal.SIGHUP)
    await program.logged("config.refused")
    await until((program.out / "more").exists)
    program.put("/app/web/a", "2")
    await program.holds("web.conf", "/web/a=2\n")


async def test_a_second_daemon_on_a_state_folder_is_refused(
    program: Confwatch,
) -> None:
    web(program)
    program.start()
    await program.logged("resource.proven")
    done = program.run("run", "--once")
    assert done.returncode == 2
    assert b"one daemon a state folder" in done.stderr


async def test_once_applies_everything_and_tells_by_its_exit_status(
    program: Confwatch,
) -> None:
    web(program)
    done = program.run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert (program.out / "web.conf").read_text() == "/web/a=1\n"
    assert reloads(program) == 1
    program.resource("web", WEB.replace("echo", "false"))
    program.put("/app/web/a", "2")
    assert program.run("run", "--once").returncode == 1


async def test_a_dry_run_writes_nothing_and_tells_by_its_exit_status(
    program: Confwatch,
) -> None:
    web(program)
    done = program.run("render")
    assert done.returncode == 2
    assert b"/web/a=1\n" in done.stdout
    assert not [*program.out.iterdir()]
    program.run("run", "--once")
    assert program.run("render").returncode == 0
    program.put("/app/web/a", "2")
    done = program.run("render", "--diff")
    assert b"-/web/a=1\n+/web/a=2\n" in done.stdout


async def test_without_a_state_folder_it_works_and_reloads_once_a_start(
    program: Confwatch,
) -> None:
    (program.folder / "state").touch()  # a file: no folder can be made there
    web(program)
    assert program.run("run", "--once").returncode == 0
    program.start()
    await program.logged("state.unavailable")
    await until(lambda: reloads(program) == 2)
    assert (program.out / "web.conf").read_text() == "/web/a=1\n"
    assert program.end() == 0


async def test_a_conf_d_that_cannot_be_read_keeps_everything(
    program: Confwatch,
) -> None:
    web(program)
    program.start()
    await program.holds("web.conf", "/web/a=1\n")
    (program.folder / "conf/conf.d").rename(program.folder / "elsewhere")
    program.send(signal.SIGHUP)
    await program.logged("config.refused")
    program.put("/app/web/a", "2")
    await program.holds("web.conf", "/web/a=2\n")
    assert program.end() == 0
    assert program.run("run", "--once").returncode == 2


async def test_an_insertion_without_a_value_is_refused_at_load(
    program: Confwatch,
) -> None:
    web(program)
    templates = "templates: [{src: web.j2, dest: OUT/a}, {src: web.j2, dest: OUT/b}]\n"
    program.resource("bad", templates + "reload: echo {{ dest }}\n")
    program.resource(
        "worse",
        templates.replace("OUT/", "OUT/x") + 'check: test {{ stages["/none"] }}\n',
    )
    program.start()
    await program.holds("web.conf", "/web/a=1\n")
    told = [line["problem"] for line in program.lines("config.refused")]
    assert len(told) == 2
    assert "bad.yaml: reload: cannot be filled in: 'dest' is undefined" in told[0]
