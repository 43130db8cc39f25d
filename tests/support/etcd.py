"""A real etcd on a free port: started, stopped, frozen, killed, wiped."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.servers import free_port, require

ALONE = ("--heartbeat-interval=20", "--election-timeout=200")
"""A member without others waits this long after a restart until it elects itself."""


class EtcdServer:
    """One member in a folder of its own; it ends with the block.

    Attributes:
        port: for clients; the same over restarts.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        scheme: str = "http",
        name: str = "default",
    ) -> None:
        self._etcd, self._etcdctl = require("etcd"), require("etcdctl")
        self._name = name
        self._members = ""
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self._peer = free_port()
        self.scheme = scheme
        self.ctl_options: Sequence[str] = ()

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        stack: TracebackType | None,
    ) -> None:
        """End it, however it is."""
        if self._process is not None:
            self.kill()

    @property
    def url(self) -> str:
        """Its address."""
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def member(self) -> str:
        """How other members know it."""
        return f"{self._name}=http://127.0.0.1:{self._peer}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch()
        self.ready()

    def ready(self) -> None:
        """Wait until it answers."""
        self.ctl("endpoint", "health", tries=40)

    def join(self, members: Sequence["EtcdServer"]) -> None:
        """Be one of several; before it is launched for the first time."""
        self._members = ",".join(one.member for one in members)

    def launch(self) -> None:
        """Start it, and wait for nothing: without a quorum it does not answer."""
        peer = f"http://127.0.0.1:{self._peer}"
        self._process = subprocess.Popen(
            [
                self._etcd,
                f"--data-dir={self._folder}",
                f"--listen-client-urls={self.url}",
                f"--advertise-client-urls={self.url}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--name={self._name}",
                f"--initial-cluster={self._members or self.member}",
                "--log-level=error",
                "--unsafe-no-fsync",
                *(() if self._members else ALONE),
                *self._options,
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def running(self) -> bool:
        """Whether it was started and not ended."""
        return self._process is not None

    def stop(self) -> None:
        """End it the polite way."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._end(signal.SIGKILL)

    def suspend(self) -> None:
        """Freeze it: its connections stay open and silent."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        # Each of its threads stops when it comes to it: one may answer until then.
        tasks = Path(f"/proc/{self._process.pid}/task")
        while any(_state(one) != "T" for one in tasks.iterdir()):
            os.sched_yield()

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def wipe(self) -> None:
        """Delete all it had; it must not be running."""
        assert self._process is None
        shutil.rmtree(self._folder)

    def restore(self, snapshot: Path) -> None:
        """Go back to what ``etcdctl snapshot save`` saved; it must not be running."""
        self.wipe()
        self.ctl(
            "snapshot",
            "restore",
            str(snapshot),
            f"--data-dir={self._folder}",
            f"--name={self._name}",
            f"--initial-cluster={self._members or self.member}",
            f"--initial-advertise-peer-urls=http://127.0.0.1:{self._peer}",
        )

    def compact(self) -> None:
        """Drop all history up to now."""
        told = self.ctl("get", "/", "-w=fields")
        revision = next(
            line.rpartition(" ")[2]
            for line in told.splitlines()
            if line.startswith('"Revision"')
        )
        self.ctl("compact", revision)

    def ctl(self, *command: str, stdin: str = "", tries: int = 1) -> str:
        """Run etcdctl; return what it prints."""
        for attempt in range(1, tries + 1):
            done = subprocess.run(
                [
                    self._etcdctl,
                    f"--endpoints={self.url}",
                    "--command-timeout=5s",
                    *self.ctl_options,
                    *command,
                ],
                input=stdin,
                capture_output=True,
                text=True,
                env={**os.environ, "ETCDCTL_API": "3"},
                timeout=15,
                check=False,
            )
            if done.returncode == 0:
                return done.stdout
            assert attempt < tries, done.stderr
        raise AssertionError

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        process, self._process = self._process, None
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        process.wait(timeout=15)


def _state(task: Path) -> str:
    """Return the letter of what a thread is doing."""
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


@contextmanager
def cluster(folder: Path, size: int) -> Iterator[list[EtcdServer]]:
    """Hold a cluster of so many members, all of them up."""
    members = [EtcdServer(folder / f"m{n}", name=f"m{n}") for n in range(size)]
    try:
        for one in members:
            one.join(members)
            one.launch()
        for one in members:
            one.ready()
        yield members
    finally:
        for one in members:
            if one.running:
                one.kill()
