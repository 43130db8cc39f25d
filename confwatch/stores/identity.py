"""Which machine this is, so that a lease is adopted by whom it belongs to alone."""

import functools
import socket
from collections.abc import Iterable
from pathlib import Path

from confwatch.model.keys import Key
from confwatch.model.service import LeaseState


@functools.cache
def boot_id() -> str:
    """Return the kernel's name for this boot; "" where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def is_ours(state: LeaseState | None, store: str, ttl_s: float) -> bool:
    """Tell whether a lease left standing may be adopted in *store* for *ttl_s*."""
    if state is None or abs(state.ttl_s - ttl_s) >= 1:
        return False
    here = (store, boot_id(), socket.gethostname())
    return (state.store, state.boot_id, state.host) == here


def state_of(store: str, lease: str, ttl_s: float, keys: Iterable[Key]) -> LeaseState:
    """Make what the next start needs to adopt a lease."""
    host = socket.gethostname()
    return LeaseState(store, lease, ttl_s, tuple(sorted(keys)), boot_id(), host)
