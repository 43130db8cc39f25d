"""Waiting for what must come true, with a deadline; no test sleeps."""

import asyncio
from collections.abc import Callable

STEP_S = 0.01


async def until(condition: Callable[[], object], deadline_s: float = 10.0) -> None:
    """Return as soon as *condition* holds; fail where it does not in time."""
    async with asyncio.timeout(deadline_s):
        while not condition():  # noqa: ASYNC110 - files and processes ring no event
            await asyncio.sleep(STEP_S)
