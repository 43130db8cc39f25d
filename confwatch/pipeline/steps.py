"""The walk of one pass: render, compare, stage, check, install.

Each step takes what the step before made. What fails raises a ResourceError and leaves
every target as it was.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import TypeAlias

from msgspec import Struct

from confwatch.aio.threads import finish
from confwatch.disk.compare import compare
from confwatch.disk.install import install
from confwatch.disk.stage import stage
from confwatch.disk.undo import Undo
from confwatch.errors import CheckFailed
from confwatch.model.resource import Resource
from confwatch.model.steps import Checked, Compared, Installed, Known, Rendered, Staged
from confwatch.pipeline.check import (
    check,
    check_installed,
    judged_installed,
    unchallenged,
)
from confwatch.pipeline.follow import Follower
from confwatch.pipeline.turns import Step, Turns
from confwatch.render.functions.names import Names
from confwatch.render.reads import Recorder
from confwatch.render.renderer import Renderer

SLOW_S = 0.02
"""A render that took longer goes to a thread next time: the loop must stay quick."""


class Rendering:
    """Renders resources over the mirrors, each from one moment of its stores.

    Attributes:
        count: renders made so far.
    """

    def __init__(self, renderer: Renderer, followers: Mapping[str, Follower]) -> None:
        self._renderer = renderer
        self._followers = followers
        self._took_s: dict[str, float] = {}
        self.count = 0

    async def render(
        self, resource: Resource, recorder: Recorder, step: Step
    ) -> Rendered:
        """Render all templates of *resource*; no event comes in between.

        Raises:
            RenderError: the recorder tells what had been read until then.
        """
        loop = asyncio.get_running_loop()
        mirrors = {name: one.mirror for name, one in self._followers.items()}

        def work() -> Rendered:
            return self._renderer.render(resource, mirrors, recorder)

        step.rest()
        async with AsyncExitStack() as held:
            # Always in one order, so that two renders never wait for each other.
            for name in sorted(self._followers):
                await held.enter_async_context(self._followers[name].lock)
            step.begin()
            started = loop.time()
            self.count += 1
            try:
                if self._took_s.get(resource.name, 0.0) > SLOW_S:
                    return await finish(work)
                return work()
            finally:
                self._took_s[resource.name] = loop.time() - started

    @property
    def names(self) -> Names:
        """What is known of the names that templates look up."""
        return self._renderer.names

    def forget(self, resource: str) -> None:
        """Drop what is remembered of a resource that is gone."""
        self._took_s.pop(resource, None)
        self._renderer.forget(resource)


class Before(Struct, frozen=True):
    """What is known of the targets before a pass.

    Attributes:
        proven: dest to digest of what the service last loaded, kept beside the target
            before anything moves.
        known: how the last pass left them.
    """

    proven: Mapping[str, str]
    known: Known


Owe: TypeAlias = Callable[[Installed], None]
Bring: TypeAlias = Callable[
    [Rendered, Before, Turns, Owe],
    Awaitable[tuple[Compared, Installed | None]],
]


async def bring(
    rendered: Rendered, before: Before, turns: Turns, owe: Owe
) -> tuple[Compared, Installed | None]:
    """Make the targets equal to *rendered*; None where they already were.

    Args:
        rendered: all files of one resource.
        before: what is known of the targets.
        turns: when the checks run.
        owe: told what was installed, also where the pass was cancelled meanwhile.

    Raises:
        CheckFailed, RenderError: the check refused, or its command cannot be made.
        DiskError: nothing was installed, or all of it was put back.
    """
    stages: list[ExitStack] = []
    try:
        # One trip to a thread where nothing has to be checked: it is the hot path.
        compared, staged, installed = await finish(
            lambda: _as_far_as_unchallenged(rendered, before, stages),
            lambda done: None if done[2] is None else owe(done[2]),
        )
        if staged is not None and installed is None:
            checked = await check(staged, turns)
            installed = await _install(checked, before, turns, owe)
        return compared, installed
    finally:
        for one in stages:
            await finish(one.close)


async def _install(
    checked: Checked, before: Before, turns: Turns, owe: Owe
) -> Installed:
    """Install what the checks let pass, and put it back where the last one does not.

    Nothing is owed before the last check let the files stand. A stop in the middle of
    it puts them back as well: the next start makes them again, and checks them.
    """
    compared, proven = checked.staged.compared, before.proven
    if judged_installed(compared) is None:
        return await finish(lambda: install(checked, proven=proven), owe)
    undo = Undo()
    try:
        installed = await finish(lambda: install(checked, proven=proven, undo=undo))
        await check_installed(compared, turns)
    except CheckFailed as error:
        error.put_back = await finish(undo.back)
        raise
    except BaseException:
        await finish(undo.back)
        raise
    # Forgotten first: what was owed may be loaded, and is not to be put back then.
    await finish(undo.forget, lambda _: owe(installed))
    return installed


def _as_far_as_unchallenged(
    rendered: Rendered, before: Before, stages: list[ExitStack]
) -> tuple[Compared, Staged | None, Installed | None]:
    """Compare and stage; install too where no check has to run. Blocks.

    Args:
        rendered: all files of one resource.
        before: what is known of the targets.
        stages: given what holds the stages, where they are for a check to see.
    """
    compared = compare(rendered, before.known)
    if not compared.differing:
        return compared, None, None
    with ExitStack() as held:
        staged = held.enter_context(stage(compared))
        checked = unchallenged(staged)
        if checked is None:
            stages.append(held.pop_all())
            return compared, staged, None
        return compared, staged, install(checked, proven=before.proven)
