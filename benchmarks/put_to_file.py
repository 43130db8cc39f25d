"""From a put in etcd to the new file in place: ours beside the bare limit, in one run.

Run as ``python benchmarks/put_to_file.py [KEYS ...]``; needs etcd on PATH. Prints the
median of alternating rounds, in milliseconds, and the ratio to the limit.
"""

import base64
import http.client
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROUNDS = 4
PUTS = 25
MOST_S = 10.0
TEMPLATE = '{% for pair in gets("/bench/*") %}\n{{ pair.value }}\n{% endfor %}\n'


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Etcd:
    """A private etcd and one connection to it."""

    def __init__(self, folder: Path) -> None:
        self.port, peer = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [
                "etcd",
                f"--data-dir={folder / 'etcd'}",
                f"--listen-client-urls={self.url}",
                f"--advertise-client-urls={self.url}",
                f"--listen-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-advertise-peer-urls=http://127.0.0.1:{peer}",
                f"--initial-cluster=default=http://127.0.0.1:{peer}",
                "--log-level=error",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.client = http.client.HTTPConnection("127.0.0.1", self.port)
        waited(lambda: self.put("/up", "yes"))

    def ask(self, path: str, body: object) -> bool:
        """Post and read the answer; False where nobody answers yet."""
        try:
            self.client.request("POST", path, json.dumps(body))
            answer = self.client.getresponse()
            answer.read()
        except OSError:
            self.client.close()
            return False
        return answer.status == 200

    def put(self, key: str, value: str) -> bool:
        """Put one key."""
        return self.ask("/v3/kv/put", {"key": b64(key), "value": b64(value)})

    def fill(self, keys: int) -> None:
        """Put *keys* keys below /bench, a hundred a transaction."""
        for first in range(0, keys, 100):
            puts = [
                {"request_put": {"key": b64(f"/bench/{n:06}"), "value": b64(f"v{n}")}}
                for n in range(first, min(first + 100, keys))
            ]
            if not self.ask("/v3/kv/txn", {"success": puts}):
                raise SystemExit("etcd refused to be filled")


def b64(value: str) -> str:
    """Encode as etcd's JSON gateway wants it."""
    return base64.b64encode(value.encode()).decode()


def waited(true: object, seconds: float = 60) -> None:
    """Ask again and again until it is so."""
    end = time.monotonic() + seconds
    while not true():  # type: ignore[operator]
        if time.monotonic() > end:
            raise SystemExit("waited in vain")


def bare(etcd: Etcd, target: Path, _folder: Path) -> list[str]:
    """Return the command of the limit."""
    program = Path(__file__).with_name("bare_limit.py")
    return [sys.executable, str(program), etcd.url, "/bench", str(target)]


def ours(etcd: Etcd, target: Path, folder: Path) -> list[str]:
    """Return the command of the daemon, and write what it reads."""
    (folder / "conf.d").mkdir()
    (folder / "templates").mkdir()
    (folder / "templates/bench.j2").write_text(TEMPLATE)
    (folder / "conf.d/bench.yaml").write_text(
        f"templates: [{{src: bench.j2, dest: {target}, keys: [/bench]}}]\n"
    )
    return [
        *(sys.executable, "-m", "confwatch", "run", f"--confdir={folder}"),
        *(f"--store=etcd://127.0.0.1:{etcd.port}", f"--state-dir={folder / 'state'}"),
        *("--admin=off", "--log-level=warning"),
    ]


@contextmanager
def running(command: list[str], target: Path) -> Iterator[None]:
    """Run a program until the block ends; it has made its file when it begins."""
    process = subprocess.Popen(command)
    try:
        waited(target.exists)
        time.sleep(0.5)  # noqa: TID251 - a benchmark may let things settle
        yield
    finally:
        process.terminate()
        process.wait()


def measure(etcd: Etcd, target: Path, keys: int, run: str) -> list[float]:
    """Put, wait for the new file, and take the time, in milliseconds."""
    took = []
    for number in range(PUTS):
        before = target.stat().st_ino, target.stat().st_mtime_ns
        started = time.perf_counter()
        etcd.put(f"/bench/{(number * 7919) % keys:06}", f"{run} {number}")
        while (target.stat().st_ino, target.stat().st_mtime_ns) == before:
            time.sleep(0.0001)  # noqa: TID251 - two cores: spinning would take one
            if time.perf_counter() - started > MOST_S:
                raise SystemExit(f"{target} did not follow")
        took.append((time.perf_counter() - started) * 1000)
        time.sleep(0.05)  # noqa: TID251 - below the daemon's token bucket
    return took


def main(sizes: list[int]) -> None:
    """Measure both programs at each size and print the table."""
    print(f"{'keys':>8}  {'limit':>8}  {'ours':>8}  ratio   (p50, ms)")
    for keys in sizes:
        with tempfile.TemporaryDirectory() as scratch:
            etcd = Etcd(Path(scratch))
            try:
                etcd.fill(keys)
                took: dict[str, list[float]] = {"bare": [], "ours": []}
                for round_ in range(ROUNDS):
                    for name, make in (("bare", bare), ("ours", ours)):
                        folder = Path(scratch) / f"{name}{round_}"
                        folder.mkdir()
                        target = folder / "out"
                        with running(make(etcd, target, folder), target):
                            took[name] += measure(etcd, target, keys, folder.name)
            finally:
                etcd.process.terminate()
                etcd.process.wait()
        limit, own = (statistics.median(took[name]) for name in ("bare", "ours"))
        print(f"{keys:>8}  {limit:8.2f}  {own:8.2f}  {own / limit:5.2f}", flush=True)


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [100, 10_000, 100_000])
