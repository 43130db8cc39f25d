"""The real program in a folder of its own: started, asked, signalled, killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.admin import ask
from tests.support.waiting import until

PROGRAM = (sys.executable, "-m", "confwatch")


class Confwatch:
    """A confdir, a state folder, and at most one daemon over them.

    Attributes:
        folder: holds everything; ``folder / "out"`` is for targets.
        store: the URL given to every command.
    """

    def __init__(self, folder: Path, store: str | None = None) -> None:
        self.folder = folder
        self.keys = folder / "keys"
        self.store = store or f"dir:{self.keys}"
        self.admin = f"unix:{folder / 'admin.sock'}"
        self.out = folder / "out"
        for name in ("keys", "out", "conf/conf.d", "conf/templates"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = folder / "log.jsonl"
        self._told: list[dict[str, Any]] = []
        self._read = 0

    def template(self, name: str, text: str) -> None:
        """Write a template."""
        (self.folder / "conf/templates" / name).write_text(text)

    def resource(self, name: str, text: str) -> Path:
        """Write a resource file; ``OUT`` in *text* becomes the folder for targets."""
        ending = "" if "." in name else ".yaml"
        path = self.folder / "conf/conf.d" / f"{name}{ending}"
        path.write_text(text.replace("OUT", str(self.out)))
        return path

    def options(self) -> list[str]:
        """Return the options that every command here needs."""
        return [
            f"--confdir={self.folder / 'conf'}",
            f"--store={self.store}",
            f"--state-dir={self.folder / 'state'}",
            f"--admin={self.admin}",
            "--log-format=json",
            "--log-level=debug",
        ]

    def command(self, *words: str) -> list[str]:
        """Return the argv of one command here."""
        return [*PROGRAM, *words, *self.options()]

    def run(
        self, *command: str, stdin: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run one command to its end."""
        return subprocess.run(
            self.command(*command),
            input=stdin,
            capture_output=True,
            timeout=15,
            check=False,
            env=environment(),
        )

    def put(self, key: str, value: str) -> None:
        """Put a key through the program itself."""
        done = self.run("kv", "put", key, value)
        assert done.returncode == 0, done.stderr

    def start(self, log: int | None = None) -> None:
        """Start the daemon; its log goes on in the same file, unless told where."""
        assert self._process is None
        with self._log.open("ab") if log is None else os.fdopen(log, "wb") as log_file:
            self._process = subprocess.Popen(
                self.command("run"),
                stdin=subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
                env=environment(),
            )

    def send(self, number: signal.Signals) -> None:
        """Send the daemon a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the daemon's end; return its exit status."""
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number)
        if number is not signal.SIGCONT:
            os.kill(process.pid, signal.SIGCONT)
        return process.wait(timeout=15)

    def alive(self) -> bool:
        """Tell whether the daemon runs."""
        return self._process is not None and self._process.poll() is None

    def lines(self, event: str = "") -> list[dict[str, Any]]:
        """Return the log's lines, or those of one event."""
        self._read_on()
        return [one for one in self._told if not event or one.get("event") == event]

    def _read_on(self) -> None:
        """Read what the log has more than before: much is asked, again and again."""
        if not self._log.exists():
            return
        with self._log.open("rb") as log:
            log.seek(self._read)
            whole, end, _ = log.read().rpartition(b"\n")
        self._read += len(whole + end)
        self._told += [_fields(line) for line in whole.splitlines()]

    async def logged(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until *event* was logged *count* times; return its lines."""
        await until(lambda: len(self.lines(event)) >= count)
        return self.lines(event)

    async def holds(self, name: str, text: str) -> None:
        """Wait until a target holds *text*."""
        path = self.out / name
        await until(lambda: path.exists() and path.read_text() == text)

    def status(self) -> dict[str, Any]:
        """Return the daemon's own word on how it is."""
        told: dict[str, Any] = ask(self.admin, "/api/status")
        return told

    def services(self) -> dict[str, dict[str, Any]]:
        """Return the daemon's own word on what it announces, by id."""
        told = json.loads(self.run("services", "--json").stdout)
        return {one["id"]: one for one in told}

    def close(self) -> None:
        """Kill the daemon where it still runs."""
        if self._process is not None:
            self.end(signal.SIGKILL)


def _fields(line: bytes) -> dict[str, Any]:
    """Return what a line of the log says."""
    try:
        fields: dict[str, Any] = json.loads(line)
    except ValueError:
        return {"event": "not json", "line": line.decode("utf-8", "replace")}
    return fields


def environment() -> dict[str, str]:
    """Return what the program is to see: not what is said to the tests themselves."""
    told = ("CONFWATCH_REQUIRE_SERVERS",)
    return {name: text for name, text in os.environ.items() if name not in told}


@contextmanager
def confwatch(folder: Path, store: str | None = None) -> Iterator[Confwatch]:
    """Hold a folder with our program in it; nothing of it runs after the block."""
    program = Confwatch(folder, store)
    try:
        yield program
    finally:
        program.close()
