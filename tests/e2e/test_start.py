"""What a start loads: each library only where the command needs it."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

import confwatch.cli
from confwatch.cli.main import COMMANDS, main
from tests.support.daemon import Confwatch
from tests.support.daemon import confwatch as running
from tests.support.waiting import until

TELLING = """
import atexit, sys
atexit.register(lambda: print("loaded", *sys.modules, file=sys.stderr))
from confwatch.__main__ import main
main()
"""


def importing(*command: str) -> set[str]:
    """Run a command that succeeds; return the modules it loaded."""
    told = [sys.executable, "-c", TELLING, *command]
    done = subprocess.run(told, capture_output=True, text=True, timeout=15, check=True)
    words = done.stderr.splitlines()[-1].split()
    assert words[0] == "loaded"
    return {*words[1:]}


def loaded(*command: str) -> set[str]:
    """Run a command that succeeds; return the libraries it loaded, by first name."""
    return {one.partition(".")[0] for one in importing(*command)}


@pytest.mark.daemon
def test_help_loads_no_library_but_that_of_commands() -> None:
    """Completion asks for it at every key."""
    found = loaded("--help")
    assert "click" in found
    assert not found & {"aiohttp", "jinja2", "yaml", "msgspec", "structlog", "dns"}


@pytest.mark.daemon
def test_one_pass_over_a_folder_loads_neither_http_nor_a_resolver(
    tmp_path: Path,
) -> None:
    """No server is asked, none is run, and no name is looked up."""
    with running(tmp_path) as program:
        declare(program)
        found = loaded("run", "--once", *program.options())
    assert {"jinja2", "yaml"} <= found
    assert not found & {"aiohttp", "dns", "uvloop"}


@pytest.mark.daemon
def test_one_pass_loads_nothing_that_announces(tmp_path: Path) -> None:
    """Only the daemon registers."""
    with running(tmp_path) as program:
        declare(program)
        found = importing("run", "--once", *program.options())
    assert "confwatch.stores.dir.source" in found
    assert not {one for one in found if "registra" in one or "keeper" in one}


@pytest.mark.daemon
async def test_the_daemon_says_which_loop_it_runs_on(tmp_path: Path) -> None:
    """The faster one where it is installed, else Python's own."""
    with running(tmp_path) as program:
        declare(program)
        program.start()
        started = await program.logged("daemon.started")
        await until(lambda: bool(program.lines("config.read")))
    try:
        import uvloop
    except ImportError:
        assert started[0]["loop"] == "asyncio"
    else:
        assert started[0]["loop"] == uvloop.__name__


def declare(program: Confwatch) -> None:
    """Write one resource and its key."""
    (program.keys / "a").write_text("1\n")
    program.template("a.j2", '{{ getv("/a") }}\n')
    program.resource("a", "templates: [{src: a.j2, dest: OUT/a, keys: [/a]}]\n")


@pytest.mark.daemon
def test_a_command_loads_no_other_command() -> None:
    """Each module of commands costs a start."""
    found = importing("completion", "bash")
    assert "confwatch.cli.completion" in found
    assert not {"confwatch.cli.kv", "confwatch.cli.render"} & found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_it_is_looked_for(name: str) -> None:
    found = main.get_command(click.Context(main), name)
    assert found is not None
    assert found.name == name


def test_every_command_of_the_program_is_listed() -> None:
    """A command that nobody lists would never be found missing."""
    folder = Path(confwatch.cli.__file__).parent
    modules = [
        import_module(f"confwatch.cli.{one.stem}") for one in folder.glob("[a-z]*.py")
    ]
    nested = {
        command
        for one in modules
        for group in vars(one).values()
        if isinstance(group, click.Group)
        for command in group.commands.values()
    }
    commands = {
        value.name
        for one in modules
        for value in vars(one).values()
        if isinstance(value, click.Command) and value not in nested | {main}
    }
    assert commands == {*COMMANDS}
