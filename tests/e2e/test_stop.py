"""A stop is quick and clean, whatever hangs."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.etcd import EtcdServer
from tests.support.files import hidden
from tests.support.waiting import until

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]

HANGS = """
templates: [{src: web.j2, dest: OUT/web, keys: [/web]}]
%s: "echo $$ > OUT/pid; sleep 300"
"""


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    with confwatch(tmp_path) as running:
        running.template("web.j2", '{{ getv("/web", "-") }}\n')
        (tmp_path / "conf/confwatch.yaml").write_text("stop_commands_timeout: 500ms\n")
        yield running


def gone(pid: Path) -> bool:
    stat = Path("/proc", pid.read_text().strip(), "stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize("kind", ["check", "reload"])
async def test_a_hanging_command_is_ended_with_us(
    program: Confwatch, kind: str
) -> None:
    program.resource("web", HANGS % kind)
    program.start()
    pid = program.out / "pid"
    await until(lambda: pid.exists() and pid.read_text())
    assert program.end() == 0
    await until(lambda: gone(pid))
    assert hidden(program.out) == []
    assert (program.out / "web").exists() == (kind == "reload")


async def test_an_interrupt_is_a_stop(program: Confwatch) -> None:
    program.resource("web", HANGS.splitlines()[1])
    program.start()
    await program.logged("resource.installed")
    assert program.end(signal.SIGINT) == 0
    assert program.lines("daemon.stopped")


@pytest.mark.real
async def test_a_dead_store_does_not_hold_up_a_stop(
    tmp_path: Path, etcd: EtcdServer
) -> None:
    with confwatch(tmp_path, f"etcd://127.0.0.1:{etcd.port}") as program:
        (tmp_path / "conf/confwatch.yaml").write_text("stop_withdraw_timeout: 1s\n")
        program.template("web.j2", "web\n")
        service = "services: [{name: a, id: a, address: 10.0.0.5, port: 80}]\n"
        program.resource("web", HANGS.splitlines()[1] + "\n" + service)
        program.start()
        await program.logged("registration.up")
        etcd.suspend()
        assert program.end() == 0
        assert program.lines("registrations.left")
        etcd.resume()


async def test_a_second_signal_does_not_wait_for_a_reload(tmp_path: Path) -> None:
    with confwatch(tmp_path) as program:
        program.template("web.j2", '{{ getv("/web", "-") }}\n')
        settings = "stop_commands_timeout: 10m\n"
        (tmp_path / "conf/confwatch.yaml").write_text(settings)
        program.resource("web", HANGS % "reload")
        program.start()
        pid = program.out / "pid"
        await until(lambda: pid.exists() and pid.read_text())
        program.send(signal.SIGTERM)
        await program.logged("daemon.stopping")
        assert program.end() == 0
        await until(lambda: gone(pid))
        assert program.lines("commands.cut")
