"""Signals as values that the supervisor waits for."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum


class Wish(Enum):
    """What a signal asks for."""

    STOP = "stop"
    """End, and withdraw what is announced."""
    RESTART = "restart"
    """End, and leave what is announced standing for the next start."""
    RELOAD = "reload"
    """Read conf.d again."""


WISHES = {
    signal.SIGTERM: Wish.STOP,
    signal.SIGINT: Wish.STOP,
    signal.SIGUSR2: Wish.RESTART,
    signal.SIGHUP: Wish.RELOAD,
}


@contextmanager
def heard() -> Iterator["asyncio.Queue[Wish]"]:
    """Turn signals into wishes for the block, those that waited for it too."""
    loop = asyncio.get_running_loop()
    wishes: asyncio.Queue[Wish] = asyncio.Queue()
    for number, wish in WISHES.items():
        loop.add_signal_handler(number, wishes.put_nowait, wish)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WISHES)
    try:
        yield wishes
    finally:
        for number in WISHES:
            loop.remove_signal_handler(number)
