"""Real servers: on a port of their own; skipped with a reason, or required."""

import itertools
import os
import shutil
import socket

import pytest

REQUIRED = os.environ.get("CONFWATCH_REQUIRE_SERVERS") == "1"
PORTS = range(20_000, 32_000)
"""Below those that the kernel gives to connections, which would take one away."""


def missing(reason: str) -> None:
    """Skip a test for want of something, or fail it where that is a must.

    Raises:
        Skipped: or Failed; it never returns.
    """
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


def require(program: str) -> str:
    """Return the path of *program*; without it skip, or fail where it is a must."""
    path = shutil.which(program)
    if path is None:
        missing(f"{program} is not installed (scripts/test installs it as root)")
    assert path is not None
    return path


class _Ports:
    """Ports that no other run of the tests on this machine takes."""

    def __init__(self) -> None:
        here = os.getpid() * 97 % len(PORTS)
        self._next = itertools.cycle([*PORTS[here:], *PORTS[:here]])
        self._ours: list[socket.socket] = []

    def take(self) -> int:
        """Return one that nobody listens on; it is ours until this process ends."""
        port: int = next(port for port in self._next if self._taken(port))
        return port

    def _taken(self, port: int) -> bool:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
        # A name without a file, which ends with us: whoever has it has the port.
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0confwatch-tests-{port}")
        except OSError:
            mark.close()
            return False
        self._ours.append(mark)
        return True


_PORTS = _Ports()


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that is nobody else's."""
    return _PORTS.take()
