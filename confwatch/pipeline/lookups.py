"""Has names looked up beside the renders, first and then again and again."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from confwatch.aio.threads import aside
from confwatch.model.facts import Cause, Reason
from confwatch.model.reads import Name
from confwatch.pipeline.readindex import ReadIndex
from confwatch.render.functions.names import Answer, Names
from confwatch.render.lookup import look_up

WAIT_S = 2.0
"""A pass waits no longer than this for names it does not know yet."""
AT_ONCE = 32
"""Names asked about at the same time: each takes a thread, a hanging one for long."""


class Lookups:
    """Asks about names, each at most once at a time, in threads nobody waits for."""

    def __init__(
        self,
        names: Names,
        index: ReadIndex,
        post: Callable[[str, Cause], None],
        ask: Callable[[Name], Answer] = look_up,
    ) -> None:
        """Prepare to ask.

        Args:
            names: where answers are remembered.
            index: who reads which names.
            post: gives a resource, by name, a cause for a pass.
            ask: looks a name up; blocks, and raises OSError where nobody answers.
        """
        self._names = names
        self._index = index
        self._post = post
        self._ask = ask
        self._asked: dict[Name, asyncio.Future[Answer]] = {}
        self._waiting: deque[Name] = deque()
        self._out = 0

    async def answer(self, names: Iterable[Name]) -> None:
        """Return once all *names* are answered, or have been waited for.

        A bug that a look-up meets is raised here, so it is its resource's.
        """
        wanted = {*names}
        for name in wanted:
            self._begin(name)
        asked = {name: self._asked[name] for name in wanted}
        if asked:
            await asyncio.wait(asked.values(), timeout=WAIT_S)
        for name, one in asked.items():
            if not one.done():
                self._names.learn(name, None)
            elif not isinstance(one.exception(), OSError):
                one.result()

    async def run(self, every_s: float) -> None:
        """Ask again about every name that somebody reads, for ever."""
        while True:
            await asyncio.sleep(every_s)
            names = self._index.names()
            self._names.keep(names)
            for name in names:
                self._begin(name)

    def _begin(self, name: Name) -> None:
        """Ask about a name, unless it is being asked about."""
        if name not in self._asked:
            self._asked[name] = asyncio.get_running_loop().create_future()
            self._waiting.append(name)
            self._ask_on()

    def _ask_on(self) -> None:
        """Ask about as many of the names that wait as may be asked at once."""
        while self._waiting and self._out < AT_ONCE:
            self._out += 1
            name = self._waiting.popleft()
            asked = asyncio.wrap_future(aside(partial(self._ask, name)))
            asked.add_done_callback(partial(self._ended, name))

    def _ended(self, name: Name, asked: "asyncio.Future[Answer]") -> None:
        """Take an answer; another one than before is a reason to render again."""
        self._out -= 1
        self._ask_on()
        told = self._asked.pop(name)
        if asked.cancelled() or told.cancelled():
            return
        _hand_on(asked, told)
        silent = isinstance(asked.exception(), OSError)
        answer = None if silent else asked.result()
        if self._names.learn(name, answer):
            for resource in self._index.touched_by_name(name):
                cause = Cause(frozenset({Reason.NAMES}), (name.text,), 1)
                self._post(resource, cause)


def _hand_on(asked: "asyncio.Future[Answer]", told: "asyncio.Future[Answer]") -> None:
    """Give an answer, or why there is none, to those who wait for it."""
    error = asked.exception()
    if error is None:
        told.set_result(asked.result())
    else:
        told.set_exception(error)
        told.exception()  # nobody has to wait
