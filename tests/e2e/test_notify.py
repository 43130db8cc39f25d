"""What the service manager hears from the real program."""

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.waiting import until

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(60)]

WEB = """
templates:
  - {src: web.j2, dest: OUT/web, keys: [/web], check: test -e OUT/../well}
reload: test -z "$NOTIFY_SOCKET$WATCHDOG_USEC" && exit 1
"""


class Manager:
    """A service manager's end of the socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self._heard: list[str] = []

    def heard(self, line: str) -> bool:
        """Tell whether a line has come that begins so."""
        while True:
            try:
                self._heard += self._socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return any(one.startswith(line) for one in self._heard)

    def said(self, *lines: str) -> bool:
        """Tell whether these lines have come, one right after the other."""
        self.heard("")
        count = len(lines)
        ends = range(count, len(self._heard) + 1)
        return any(tuple(self._heard[end - count : end]) == lines for end in ends)

    def forget(self) -> None:
        """Begin anew."""
        self.heard("")
        self._heard.clear()

    def close(self) -> None:
        """Hear no more."""
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """Be the service manager of what is started."""
    path = tmp_path / "notify"
    made = Manager(path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    monkeypatch.setenv("WATCHDOG_USEC", "200000")
    yield made
    made.close()


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Confwatch]:
    """A program whose check refuses until a file is there, and whose reload fails."""
    with confwatch(tmp_path) as running:
        running.template("web.j2", '{{ getv("/web") }}\n')
        running.resource("web", WEB)
        running.put("/web", "1")
        yield running


async def test_ready_means_that_the_files_are_in_place(
    program: Confwatch, manager: Manager
) -> None:
    program.start()
    await program.logged("resource.failed")
    await until(lambda: manager.heard("STATUS=0 of 1 resources in place"))
    await until(lambda: manager.heard("WATCHDOG=1"))
    assert not manager.heard("READY=1")
    (program.folder / "well").touch()
    await until(lambda: manager.heard("READY=1"))
    await until(
        lambda: manager.heard("STATUS=1 of 1 resources in place, 1 reloads owed")
    )
    manager.forget()
    program.send(signal.SIGHUP)
    await until(lambda: manager.heard("RELOADING=1") and manager.heard("READY=1"))
    assert manager.heard("MONOTONIC_USEC=")
    assert program.end() == 0
    assert manager.heard("STOPPING=1")
    assert manager.heard("STATUS=stopping: letting commands end")


async def test_every_stage_of_a_stop_says_what_it_does_and_asks_for_its_time(
    program: Confwatch, manager: Manager
) -> None:
    (program.folder / "well").touch()
    service = "{name: a, id: a, address: 10.0.0.5, port: 80, drain: {wait: 300ms}}"
    target = "templates: [{src: web.j2, dest: OUT/web}]\n"
    program.resource("web", f"{target}services: [{service}]\n")
    settings = "stop_withdraw_timeout: 7s\nstop_commands_timeout: 8s\n"
    (program.folder / "conf/confwatch.yaml").write_text(settings)
    program.start()
    await program.logged("registration.up")
    assert program.end() == 0
    stages = {
        "withdrawing services": 17_000_000,
        "giving readers 0.3 s to notice": 11_300_000,
        "letting commands end": 18_000_000,
    }
    for doing, asked_us in stages.items():
        line = f"EXTEND_TIMEOUT_USEC={asked_us}"
        assert manager.said(line, f"STATUS=stopping: {doing}")
