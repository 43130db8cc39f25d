"""Blocking work in a thread, never left behind half done."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def finish(work: Callable[[], T], then: Callable[[T], None] | None = None) -> T:
    """Run *work* in a thread and return its result; a cancellation waits for its end.

    ``asyncio.to_thread`` would return at once when cancelled and leave the thread at
    its files while somebody else cleans up after it.

    Args:
        work: blocks.
        then: given the result of work that did not fail, also where nobody waits for
            it any more: what was done has to be known.
    """
    running = asyncio.get_running_loop().run_in_executor(None, work)
    cancelled: asyncio.CancelledError | None = None
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError as error:
            cancelled = error
    # Its own failure is of no interest to somebody who is gone.
    failure = running.exception()
    if failure is None and then is not None:
        then(running.result())
    if cancelled is not None:
        raise cancelled
    return running.result()


def aside(work: Callable[[], T]) -> Future[T]:
    """Run *work* in a thread of its own that nobody has to wait for, not even the exit.

    For what may hang for long and leaves nothing behind, such as a name server. Its
    failure, a bug too, is the future's: nobody waits for ever.
    """
    result: Future[T] = Future()
    # From here on it cannot be cancelled: whoever does so just hears no more of it.
    result.set_running_or_notify_cancel()

    def run() -> None:
        try:
            result.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed on, not handled
            result.set_exception(error)

    threading.Thread(target=run, name="aside", daemon=True).start()
    return result
