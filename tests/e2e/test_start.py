"""What a start loads: each library only where the command needs it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.waiting import until

LOADS = (sys.executable, "-X", "importtime", "-m", "confwatch")


def loaded(*command: str) -> set[str]:
    """Run a command that succeeds; return the libraries it loaded, by first name."""
    done = subprocess.run(
        [*LOADS, *command], capture_output=True, text=True, timeout=15, check=True
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("import ")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


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
    with confwatch(tmp_path) as program:
        declare(program)
        found = loaded("run", "--once", *program.options())
    assert {"jinja2", "yaml"} <= found
    assert not found & {"aiohttp", "dns", "uvloop"}


@pytest.mark.daemon
async def test_the_daemon_says_which_loop_it_runs_on(tmp_path: Path) -> None:
    """The faster one where it is installed, else Python's own."""
    with confwatch(tmp_path) as program:
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
