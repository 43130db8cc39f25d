"""The program as it is installed, in an environment without what tests need."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.process import MOST_S

ROOT = Path(__file__).parents[1]
LOOP = '{% for pair in gets("/bench/*") %}\n{{ pair.value }}\n{% endfor %}\n'
"""A template that prints one attribute of each key, a line each."""


@contextmanager
def installed(extras: str) -> Iterator[Path]:
    """Install this tree into a new environment; yield where its programs are."""
    # What is set for the tree would be found before what is installed.
    os.environ.pop("PYTHONPATH", None)
    with tempfile.TemporaryDirectory() as folder:
        python = f"{folder}/bin/python"
        wanted = f"{ROOT}[{extras}]" if extras else str(ROOT)
        for command in (
            [sys.executable, "-m", "venv", folder],
            [python, "-m", "pip", "install", "-qq", "--compile", wanted],
        ):
            subprocess.run(command, check=True)
        yield Path(folder) / "bin"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a measurement works with.

    Attributes:
        programs: the folder with the programs of the environment.
        disk: where folders are made; None: where temporary ones are.
    """

    programs: Path
    disk: str | None = None

    @contextmanager
    def program(self, store: str) -> Iterator["Program"]:
        """Hold a configuration over a store for the block; nothing runs after it."""
        with self.folder() as folder:
            made = Program(self.programs, folder / "confwatch", store)
            try:
                yield made
            finally:
                made.end(signal.SIGKILL)

    @contextmanager
    def over_folder(self, keys: int) -> Iterator["Program"]:
        """Hold the same over a folder, with so many keys below ``/bench``."""
        with self.folder() as root, self.program(f"dir:{root}") as made:
            (root / "bench").mkdir()
            for number in range(keys):
                (root / f"bench/{number:06}").write_text(f"v{number}\n")
            yield made

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Hold an empty folder for the block."""
        with tempfile.TemporaryDirectory(dir=self.disk) as folder:
            yield Path(folder)


class Program:
    """A folder with a configuration, and at most one daemon over it.

    Attributes:
        folder: holds everything.
        store: the URL of the store.
    """

    def __init__(self, bin_: Path, folder: Path, store: str) -> None:
        self.folder = folder
        self.store = store
        self._bin = bin_
        self._process: subprocess.Popen[bytes] | None = None
        for name in ("conf.d", "templates"):
            (folder / name).mkdir(parents=True)

    @property
    def pid(self) -> int:
        """The daemon's number."""
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        """Where the daemon logs, in JSON."""
        return self.folder / "log"

    def declare(self, name: str, template: str, *keys: str, more: str = "") -> Path:
        """Write a resource of one template; return its target."""
        target = self.folder / "out" / name
        target.parent.mkdir(exist_ok=True)
        (self.folder / "templates" / f"{name}.j2").write_text(template)
        listed = ", ".join(keys)
        (self.folder / "conf.d" / f"{name}.yaml").write_text(
            f"templates: [{{src: {name}.j2, dest: {target}, keys: [{listed}]}}]\n{more}"
        )
        return target

    def command(self, *words: str) -> list[str]:
        """Return a command line of the program."""
        return [
            *(str(self._bin / "confwatch"), *words),
            *(f"--confdir={self.folder}", f"--store={self.store}"),
            *(f"--state-dir={self.folder / 'state'}", "--log-format=json"),
            *(f"--admin=unix:{self.folder / 'admin'}", "--log-level=info"),
        ]

    def once(self) -> bytes:
        """Apply everything once; return the log."""
        command = self.command("run", "--once")
        return subprocess.run(command, stderr=subprocess.PIPE, check=True).stderr

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run the daemon for the block, which begins once it says it is ready."""
        with self.started() as ready:
            ready()
            yield

    @contextmanager
    def started(self, *run_by: str) -> Iterator[Callable[[], None]]:
        """Run the daemon for the block; yield what waits until it says it is ready.

        Args:
            run_by: runs it instead of the installed program.
        """
        command = self.command("run")
        with _notified(self.folder / "notify") as told:
            self._start([*run_by, *command[1:]] if run_by else command, told)
            try:
                yield lambda: _until_ready(told)
            finally:
                self.end(signal.SIGTERM)

    def end(self, number: signal.Signals) -> None:
        """End the daemon."""
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=MOST_S)
            self._process = None

    def status(self) -> dict[str, Any]:
        """Return what the daemon says of itself."""
        asked = _Local(str(self.folder / "admin"))
        asked.request("GET", "/api/status")
        told: dict[str, Any] = json.loads(asked.getresponse().read())
        asked.close()
        return told

    def _start(self, command: list[str], told: socket.socket) -> None:
        env = {**os.environ, "NOTIFY_SOCKET": str(told.getsockname())}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=env)


def _until_ready(told: socket.socket) -> None:
    """Wait for the word that a service manager would wait for."""
    while b"READY=1" not in told.recv(4096):
        pass


class _Local(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("confwatch")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)


@contextmanager
def _notified(path: Path) -> Iterator[socket.socket]:
    """Hold the socket that a service manager would hear the daemon on."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        with suppress(FileNotFoundError):
            path.unlink()
        listener.bind(str(path))
        listener.settimeout(MOST_S)
        yield listener
