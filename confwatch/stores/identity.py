"""Which machine this is, so that a lease is adopted by whom it belongs to alone."""

import functools
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

from confwatch.model.keys import Key
from confwatch.model.service import LeaseState, Written


@functools.cache
def boot_id() -> str:
    """Return the kernel's name for this boot; "" where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def is_ours(state: LeaseState | None, store: str, ttl_s: float) -> bool:
    """Tell whether a lease left standing may be adopted in *store* for *ttl_s*."""
    if state is None:
        return False
    here = (store, ttl_s, boot_id(), socket.gethostname())
    return (state.store, state.ttl_s, state.boot_id, state.host) == here


def state_of(
    lease: tuple[str, str, float],
    keys: Iterable[Key],
    written: Mapping[Key, Written],
) -> LeaseState:
    """Make what the next start needs to adopt a lease.

    Args:
        lease: the store's URL, its name for the lease, and the ttl asked for.
        keys: what may stand under it.
        written: what of that was confirmed.
    """
    host = socket.gethostname()
    return LeaseState(*lease, tuple(sorted(keys)), boot_id(), host, dict(written))
