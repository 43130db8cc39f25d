"""Whether anything hangs that only a restart can help.

A store that is down is no such thing: whoever is tried again and fails, moves.
"""

import asyncio

from confwatch.pipeline.follow import Follower
from confwatch.pipeline.reloader import Reloader
from confwatch.pipeline.street import Street
from confwatch.pipeline.worker import Worker

SOURCE_STILL_S = 180.0
"""A silent store is asked whether it lives every 30 s, and given 30 s to answer."""
PASS_EXTRA_S = 120.0
"""For what has no deadline of its own: disks, and a command that no KILL ends."""


def is_well(street: Street) -> bool:
    """Tell whether nothing is past its deadlines and each store moves or fails."""
    now = asyncio.get_running_loop().time()
    return (
        all(_moves(one, now) for one in street.followers.values())
        and not any(_is_stuck(one, now) for one in street.workers.values())
        and not any(_is_late(one, now) for one in street.reloaders.values())
    )


def _moves(follower: Follower, now: float) -> bool:
    """Tell whether a store told, answered or failed not long ago, if it was asked."""
    last = follower.last_sign()
    return last is None or now - last < SOURCE_STILL_S


def _is_stuck(worker: Worker, now: float) -> bool:
    """Tell whether a step takes longer than all that may take time in a pass."""
    if worker.begun_at is None:
        return False
    resource = worker.resource
    checks = [resource.check, *(one.check for one in resource.templates)]
    allowed_s = sum(one.timeout_s for one in checks if one is not None)
    return now - worker.begun_at > allowed_s + PASS_EXTRA_S


def _is_late(reloader: Reloader, now: float) -> bool:
    """Tell whether a reload runs on though its deadline has ended it."""
    return reloader.due_by is not None and now > reloader.due_by + PASS_EXTRA_S
