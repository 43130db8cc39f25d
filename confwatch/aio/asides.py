"""Questions that may hang, each asked by one thread at a time."""

import asyncio
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import suppress
from typing import Generic, TypeVar

from confwatch.aio.threads import aside

T = TypeVar("T")


class Asides(Generic[T]):
    """Runs work in threads of its own, at most one for each question.

    Whoever asks while the question is already out waits for that answer; whoever stops
    waiting leaves it to those that come later. So a name server or a disk that hangs
    costs one thread a question, however often it is asked, and holds up nobody else.
    """

    def __init__(self) -> None:
        self._asked: dict[Hashable, asyncio.Future[T]] = {}

    async def of(self, question: Hashable, work: Callable[[], T]) -> T:
        """Return what *work* returns.

        Args:
            question: equal where the answer is the same.
            work: blocks; may raise OSError and nothing else.

        Raises:
            OSError: from *work*.
        """
        answer = self._asked.get(question)
        if answer is None:
            loop = asyncio.get_running_loop()
            answer = self._asked[question] = loop.create_future()
            answer.add_done_callback(lambda _: self._asked.pop(question))
            asked = answer
            aside(work).add_done_callback(lambda done: _hand(loop, asked, done))
        await asyncio.wait({answer})
        return answer.result()


def _hand(
    loop: asyncio.AbstractEventLoop, answer: asyncio.Future[T], done: Future[T]
) -> None:
    """Bring an answer to the loop that asked, if that still runs."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(_settle, answer, done)


def _settle(answer: asyncio.Future[T], done: Future[T]) -> None:
    """Let those who wait go on; an error that nobody waits for is none."""
    error = done.exception()
    if error is None:
        answer.set_result(done.result())
    else:
        answer.set_exception(error)
        answer.exception()
