"""Real servers: on a free port; skipped with a reason, or required."""

import os
import shutil
import socket

import pytest

REQUIRED = os.environ.get("CONFWATCH_REQUIRE_SERVERS") == "1"


def require(program: str) -> str:
    """Return the path of *program*; without it skip, or fail where it is a must."""
    path = shutil.which(program)
    if path is None:
        reason = f"{program} is not installed (scripts/test installs it as root)"
        if REQUIRED:
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
