"""What the kernel knows of a process."""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STEP_S = 0.01
MOST_S = 120.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What a command that ended had used.

    Attributes:
        status: its exit status.
        wall_s: from its start to its end.
        cpu_s: of it and its children.
    """

    status: int
    wall_s: float
    cpu_s: float


def spent(command: Sequence[str], env: Mapping[str, str] | None = None) -> Spent:
    """Run a command to its end, its output thrown away."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.perf_counter() - started
    return Spent(process.returncode, wall_s, used.ru_utime + used.ru_stime)


def cpu_s(pid: int) -> float:
    """Return the seconds of CPU that a process and its ended children have used."""
    told = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    return sum(map(int, told.split()[11:15])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> tuple[float, float]:
    """Return what a process holds in memory now, and the most it ever held."""
    told = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    fields = dict(line.split(":", 1) for line in told.splitlines())
    now, most = (int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))
    return now, most


def threads(pid: int) -> int:
    """Count its threads."""
    return len(os.listdir(f"/proc/{pid}/task"))  # noqa: PTH208 - names are enough


def children(pid: int) -> int:
    """Count its children."""
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return len(told.split())


def descriptors(pid: int) -> int:
    """Count its open files and sockets."""
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208 - names are enough


def connections(pid: int, port: int) -> int:
    """Count its TCP connections to a port of this machine."""
    own = set()
    for one in Path(f"/proc/{pid}/fd").iterdir():
        name = str(one.readlink())
        if name.startswith("socket:"):
            own.add(name[8:-1])
    lines = Path(f"/proc/{pid}/net/tcp").read_text(encoding="utf-8").splitlines()[1:]
    far = f":{port:04X}"
    return sum(
        line.split()[2].endswith(far) and line.split()[9] in own for line in lines
    )


def waited(so: Callable[[], object], *, step_s: float = STEP_S) -> None:
    """Return as soon as *so* holds.

    Raises:
        TimeoutError: it never did.
    """
    end = time.monotonic() + MOST_S
    while not so():
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(step_s)
