"""Waiting until a stream of events calms down."""

import asyncio
from collections.abc import Awaitable, Callable


async def calm(
    arrival: Callable[[], Awaitable[None]], *, min_s: float, max_s: float
) -> None:
    """Return when nothing has arrived for *min_s*, after *max_s* at the latest.

    Args:
        arrival: called anew for each wait; returns at the next event.
        min_s: length of the silence that ends the wait, in seconds.
        max_s: longest wait under a steady stream, in seconds.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + max_s
    while (left_s := end - loop.time()) > 0:
        try:
            async with asyncio.timeout(min(min_s, left_s)):
                await arrival()
        except TimeoutError:
            return
