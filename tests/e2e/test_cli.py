"""The command line, as it is typed."""

import json
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import PROGRAM, Confwatch, confwatch
from tests.support.servers import free_port
from tests.support.waiting import until

pytestmark = pytest.mark.daemon

WEB = "templates: [{src: web.j2, dest: OUT/web, keys: [/web]}]\n"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        running.template("web.j2", '{{ getv("/web") }}\n')
        running.resource("web", WEB)
        yield running


def test_keys_are_put_read_listed_and_removed(program: Confwatch) -> None:
    assert program.run("kv", "put", "/a b/%", stdin=b"\xff\n").returncode == 0
    program.put("/c", "1")
    assert program.run("kv", "get", "/a b/%").stdout == b"\xff\n"
    assert program.run("kv", "ls").stdout == b"/a b/%\n/c\n"
    assert program.run("kv", "ls", "/c", "--values").stdout == b"/c\t1\n"
    assert program.run("kv", "rm", "/c").returncode == 0
    assert program.run("kv", "rm", "/c").returncode == 1
    assert program.run("kv", "get", "/c").returncode == 1
    assert program.run("kv", "rm", "-r", "/").returncode == 0
    assert program.run("kv", "ls").stdout == b""


async def test_a_watch_prints_what_happens(program: Confwatch, tmp_path: Path) -> None:
    program.put("/a", "1")
    printed = tmp_path / "printed"
    with printed.open("wb") as out:
        watching = subprocess.Popen(
            [*PROGRAM, "kv", "watch", *program.options()], stdout=out
        )
    try:
        await until(lambda: printed.read_text() == "put /a\n")
        program.put("/b", "2")
        program.run("kv", "rm", "/a")
        await until(lambda: printed.read_text() == "put /a\nput /b\ngone /a\n")
    finally:
        watching.terminate()
        watching.wait()


def test_settings_are_shown_with_where_they_come_from(program: Confwatch) -> None:
    shown = program.run("config", "show", "--origin").stdout.decode()
    assert f"stores.main = {program.store}  # flag --store" in shown
    assert "reconcile = 600.0  # default" in shown


def test_a_check_names_every_problem_and_touches_nothing(program: Confwatch) -> None:
    assert program.run("check").returncode == 0
    program.template("web.j2", "{% if %}\n")
    bad = program.resource("bad", "templates: [{src: x, dest: relative, mod: 1}]\n")
    done = program.run("check")
    told = done.stderr.decode()
    assert done.returncode == 1
    assert "web.j2:1:" in told
    assert f"{bad}:1: templates[0].dest" in told
    assert "mode" in told, "the nearest known name"
    assert not [*program.out.iterdir()]


def test_a_check_warns_where_keys_and_reads_do_not_agree(program: Confwatch) -> None:
    program.template("web.j2", '{{ getv("/web") }}\n{{ getv("/b", "") }}\n')
    keys = "\n      - /web\n      - /unused\n"
    text = f"templates:\n  - src: web.j2\n    dest: OUT/web\n    keys:{keys}"
    path = program.resource("web", text)
    done = program.run("check")
    assert done.returncode == 0
    assert done.stderr.decode().splitlines() == [
        f"warning: {path}:6: templates[0].keys: /unused is declared and never read",
        "note: web.j2:2: /b is read and not below keys: it is found while rendering",
    ]


def test_a_check_that_renders_knows_what_keys_made_of_values_are_read(
    program: Confwatch,
) -> None:
    program.template("web.j2", '{{ getv(getv("/web")) }}\n')
    text = WEB.replace("/web]", "/web, /made, /unused]")
    program.resource("web", text)
    assert program.run("check").stderr == b"", "no text says what is read"
    done = program.run("check", "--render")
    assert done.returncode == 1
    assert "web: web.j2:1: key does not exist: /web" in done.stderr.decode()
    program.put("/web", "/made/x")
    program.put("/made/x", "1")
    done = program.run("check", "--render")
    assert done.returncode == 0
    (told,) = done.stderr.decode().splitlines()
    assert told.endswith(":1: templates[0].keys: /unused is declared and never read")
    assert not [*program.out.iterdir()]


def test_what_cannot_be_meant_is_refused_in_one_line(program: Confwatch) -> None:
    done = subprocess.run(
        [*PROGRAM, "run", "--store", "etcd://u:secret@h:99999"],
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"secret" not in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_dry_run_writes_below_another_folder(
    program: Confwatch, tmp_path: Path
) -> None:
    program.put("/web", "1")
    done = program.run("render", "--out", str(tmp_path / "dry"))
    assert done.returncode == 2
    assert (tmp_path / "dry" / str(program.out)[1:] / "web").read_text() == "1\n"
    assert not (program.out / "web").exists()
    assert program.run("render", "--resource", "none").returncode == 1
    program.run("kv", "rm", "/web")
    done = program.run("render")
    assert done.returncode == 1
    assert b"web: web.j2:1: key does not exist: /web" in done.stderr


async def test_status_tells_of_everything_or_that_nobody_answers(
    program: Confwatch,
) -> None:
    assert program.run("status").returncode == 1
    program.put("/web", "1")
    program.start()
    await program.logged("resource.proven")
    socket = program.folder / "admin.sock"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    done = program.run("status")
    assert done.returncode == 0
    assert b"in place" in done.stdout
    told = json.loads(program.run("status", "--json").stdout)
    assert told["ready"]
    assert told["stores"][0]["url"] == program.store
    assert program.run("apply", "none").returncode == 2
    assert program.run("apply", "web").returncode == 0
    assert program.end() == 0
    assert not socket.exists()


def test_every_command_helps_and_completes() -> None:
    commands = [
        "run",
        "render",
        "check",
        "status",
        "apply",
        "kv",
        "config",
        "completion",
    ]
    done = subprocess.run(
        [*PROGRAM, "--help"], capture_output=True, text=True, check=True
    )
    for command in commands:
        assert command in done.stdout
        subprocess.run([*PROGRAM, command, "--help"], capture_output=True, check=True)
    for shell in ("bash", "zsh", "fish"):
        script = subprocess.run(
            [*PROGRAM, "completion", shell], capture_output=True, text=True, check=True
        )
        assert "_CONFWATCH_COMPLETE" in script.stdout


def test_a_store_that_is_down_is_told_in_one_line(program: Confwatch) -> None:
    program.store = f"etcd://127.0.0.1:{free_port()}"
    for command in (
        ("get", "/a"),
        ("ls",),
        ("put", "/a", "1"),
        ("rm", "/a"),
        ("watch",),
    ):
        done = program.run("kv", *command)
        assert done.returncode == 1, command
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert b"cannot connect" in done.stderr


def test_a_start_that_cannot_be_is_told_in_one_line(program: Confwatch) -> None:
    program.resource("web", WEB)
    for spoiled in ("--admin=unix:/proc/none/s", "--confdir=/none"):
        done = subprocess.run(
            [*PROGRAM, "run", *program.options(), spoiled],
            capture_output=True,
            check=False,
        )
        assert done.returncode == 2, done.stderr
        last = done.stderr.splitlines()[-1]
        assert last.startswith(b"confwatch: "), done.stderr
        assert b"Traceback" not in done.stderr


async def test_a_port_shows_and_changes_nothing(program: Confwatch) -> None:
    program.put("/web", "1")
    program.admin = f"127.0.0.1:{free_port()}"
    program.start()
    await program.logged("resource.proven")
    assert program.run("status").returncode == 0
    done = program.run("apply", "web")
    assert done.returncode == 2
    assert b"a port only shows" in done.stderr


async def test_templates_may_come_later(program: Confwatch) -> None:
    program.put("/web", "1")
    folder = program.folder / "conf/templates"
    folder.rename(program.folder / "later")
    program.start()
    await program.logged("resource.failed")
    (program.folder / "later").rename(folder)
    await program.holds("web", "1\n")


@pytest.mark.parametrize("name", ["a b%2F?", "é#{x}/../y", ".."])
async def test_a_name_is_asked_for_as_it_is_written(
    program: Confwatch, name: str
) -> None:
    program.start()
    await program.logged("config.read")
    done = program.run("apply", name)
    assert done.returncode == 2
    assert f"no resource {name!r}" in done.stderr.decode()
