"""Targets that somebody else changes are noticed at once.

Any event on the way to a target only says "look": whether it is as it was left is found
by comparing, so our own work and no lost event matter.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial

from confwatch.aio.threads import finish
from confwatch.daemon.trails import Trails
from confwatch.disk.present import marks
from confwatch.model.steps import Mark
from confwatch.pipeline.street import Street

POLL_S = 30.0
"""Between looks where the kernel tells nothing."""
REST = 10
"""A look at everything rests this many times what it took."""


@asynccontextmanager
async def watched(
    street: Street, poll_s: float = POLL_S
) -> AsyncIterator[Callable[[], None]]:
    """Have drift seen to for as long as the block runs.

    Yields:
        What to call when there are other targets.
    """
    with closing(Trails()) as trails:
        other = asyncio.Event()

        def others() -> None:
            other.set()
            trails.bell.set()

        async with asyncio.TaskGroup() as group:
            look = _look(street, trails, other, poll_s)
            looking = group.create_task(look, name="drift")
            try:
                yield others
            finally:
                looking.cancel()


async def _look(
    street: Street, trails: Trails, other: asyncio.Event, poll_s: float
) -> None:
    """Look at every bell, and at all targets now and then, for ever.

    What a bell costs goes by the targets that were touched, not by those there are.
    """
    loop = asyncio.get_running_loop()
    targets: set[str] = set()
    pending: set[str] = set()
    seen: dict[str, Mark] = {}
    due_at = loop.time()
    while True:
        everything = loop.time() >= due_at
        started = loop.time()
        if everything or other.is_set():
            other.clear()
            targets = {*street.targets()}
            seen = {one: mark for one, mark in seen.items() if one in targets}
            touched = await trails.follow(targets)
        else:
            touched = await trails.touched()
        looked = targets if everything else (touched | pending) & targets
        now = await finish(partial(marks, looked))
        if everything:
            trails.doubt(one for one in now if seen.get(one, now[one]) != now[one])
            due_at = loop.time() + max(poll_s, REST * (loop.time() - started))
        seen.update(now)
        pending = await street.targets_looked_at(now)
        if pending:
            trails.bell.set()  # whoever changes them now ends soon
        await trails.rung(due_at)
