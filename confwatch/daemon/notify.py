"""Tells the service manager that we are ready, how we are, and that we still run.

Source: https://www.freedesktop.org/software/systemd/man/252/sd_notify.html
"""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager, suppress

from confwatch.daemon.status import StatusBoard
from confwatch.daemon.wellness import is_well

EXTRA_S = 10.0
"""Granted beyond what a stage of the stop may take."""
STATUS_PAUSE_S = 0.2
"""A storm of changes is not a storm of status lines."""
READY_PAUSE_S, REST = 0.02, 20
"""Until we are ready: every look goes over all resources, and each of them rings.

It is followed by a rest of so many times what it took.
"""
_OURS = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notifier:
    """A way to the service manager; where there is none, nothing is sent.

    Attributes:
        watchdog_s: how often it wants to hear from us; None for never.
    """

    def __init__(self, address: str | None, watchdog_s: float | None) -> None:
        self.watchdog_s = watchdog_s
        self._address = address
        self._socket: socket.socket | None = None
        if address:
            # Not blocking: a manager that does not read must not hold us up.
            kind = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
            self._socket = socket.socket(socket.AF_UNIX, kind)

    def tell(self, **fields: str | int) -> None:
        """Send fields, such as ``READY=1``; one that cannot be sent now is lost."""
        if self._socket is not None and self._address is not None:
            text = "\n".join(f"{name}={value}" for name, value in fields.items())
            with suppress(OSError):
                self._socket.sendto(text.encode(), _path(self._address))

    def reloading(self) -> None:
        """Tell that settings are being read again; ``READY=1`` ends it."""
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self.tell(RELOADING=1, MONOTONIC_USEC=now_us)

    def stopping(self, doing: str, seconds: float) -> None:
        """Tell what the stop does now, and ask for so much time for it."""
        extra_us = int((seconds + EXTRA_S) * 1_000_000)
        self.tell(EXTEND_TIMEOUT_USEC=extra_us, STATUS=f"stopping: {doing}")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()


def notifier(environment: MutableMapping[str, str]) -> Notifier:
    """Take what is meant for us out of *environment*: commands do not speak for us."""
    address, watchdog_us, pid = (environment.pop(name, "") for name in _OURS)
    ours = pid in ("", str(os.getpid()))
    watchdog_s = int(watchdog_us) / 1e6 if watchdog_us.isdigit() and ours else None
    return Notifier(address or None, watchdog_s or None)


@asynccontextmanager
async def reporting(
    to: Notifier, board: StatusBoard, moved: asyncio.Event
) -> AsyncIterator[None]:
    """Report for the block: readiness once, every new status, and the watchdog's beat.

    Args:
        to: the service manager.
        board: how we are; everything is declared already.
        moved: set when something may be different.
    """
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(_report(to, board, moved), name="notify"),
            group.create_task(_beat(to, board), name="watchdog"),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()


async def _report(to: Notifier, board: StatusBoard, moved: asyncio.Event) -> None:
    """Tell readiness and every new status, for ever."""
    ready, told = False, ""
    loop = asyncio.get_running_loop()
    while True:
        looked_at = loop.time()
        if not ready and board.ready:
            ready = True
            to.tell(READY=1)
        line = board.line()
        if line != told:
            told = line
            to.tell(STATUS=line)
        took_s = loop.time() - looked_at
        soon_s = min(max(READY_PAUSE_S, REST * took_s), STATUS_PAUSE_S)
        await moved.wait()
        await asyncio.sleep(STATUS_PAUSE_S if ready else soon_s)
        moved.clear()


async def _beat(to: Notifier, board: StatusBoard) -> None:
    """Beat twice in the watchdog's time while all is well, for ever."""
    while to.watchdog_s is not None:
        if is_well(board.street):
            to.tell(WATCHDOG=1)
        await asyncio.sleep(to.watchdog_s / 2)


def _path(address: str) -> str:
    """Return the socket's address; ``@`` stands for the NUL of an abstract one."""
    return "\0" + address[1:] if address.startswith("@") else address
