"""Blocking work in a thread, never left behind half done."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def finish(work: Callable[[], T]) -> T:
    """Run *work* in a thread and return its result; a cancellation waits for its end.

    ``asyncio.to_thread`` would return at once when cancelled and leave the thread at
    its files while somebody else cleans up after it.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        # Its own failure is of no interest any more; its end is.
        await asyncio.wait({running})
        if not running.cancelled():
            running.exception()
        raise
