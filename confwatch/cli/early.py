"""Signals to a daemon that only starts wait until it listens: none of them ends it."""

import signal
import sys

WAITING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR2})


def listen() -> None:
    """Take signals as they come; those that wait come now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, WAITING)


# At once: what is imported after this takes longer than a script needs for a kill.
if sys.argv[1:2] == ["run"]:
    signal.pthread_sigmask(signal.SIG_BLOCK, WAITING)
