"""The daemon from start to stop: every part, in order, and in reverse order at the end.

Start: lock, street, registrations, admin, resources. Stop: what is announced is
withdrawn first, while the files are still kept; then everything else ends.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from functools import partial
from typing import Any

import structlog

from confwatch.config.settings import Settings
from confwatch.contracts import Records
from confwatch.daemon import admin, declared, drift, files, notify
from confwatch.daemon.facts_log import FactsLog
from confwatch.daemon.hub import Hub
from confwatch.daemon.notify import Notifier
from confwatch.daemon.parts import make_renderer, make_sources
from confwatch.daemon.places import make_places
from confwatch.daemon.signals import Wish, heard
from confwatch.daemon.state import held
from confwatch.daemon.status import StatusBoard
from confwatch.daemon.stopping import Stages
from confwatch.daemon.sweeping import swept
from confwatch.errors import ConfigError
from confwatch.model.facts import Cause, Fact, PassEnded, Reason, Tell
from confwatch.model.resource import Resource
from confwatch.pipeline.street import Bringing, Street
from confwatch.pipeline.street import opened as opened_street
from confwatch.registration.formats import Formats
from confwatch.registration.keeper import Ending
from confwatch.registration.registrations import Registrations
from confwatch.registration.registrations import opened as opened_registrations
from confwatch.render.custom import RecordTexts

DRAIN_SLACK_S = 1.0
"""The wait ends by itself; its stage only has to be longer."""

log = structlog.get_logger()


class Daemon:
    """The parts that run, and what operators may ask of them."""

    def __init__(
        self, settings: Settings, street: Street, registrations: Registrations
    ) -> None:
        self.street = street
        self.registrations = registrations
        self.board = StatusBoard(street, registrations, (), time.time())
        self._settings = settings
        self.moved = asyncio.Event()
        self.other_targets: Callable[[], None] = lambda: None
        self._resources: list[Resource] = []

    async def read_resources(self) -> None:
        """Take up what conf.d says now; bad files keep their last good version."""
        read = await asyncio.to_thread(declared.read, self._settings)
        now = declared.with_last_good(read, self._resources)
        self._resources = [*now.resources]
        self.board.problems = now.problems
        for problem in now.problems:
            log.error("config.refused", problem=str(problem))
        for warning in now.warnings:
            log.warning("config.doubted", problem=warning)
        # Not beside targets that are worked on: their stages are alive.
        workers = self.street.workers
        new = [one for one in self._resources if one.name not in workers]
        await asyncio.to_thread(swept, new)
        self.registrations.set_resources(self._resources)
        await self.street.set_resources(self._resources)
        self.board.declared = True
        self.other_targets()
        log.info(
            "config.read",
            resources=len(self._resources),
            refused=len({problem.file for problem in now.problems}),
        )

    def snapshot(self) -> Mapping[str, Any]:
        """Return all that the status tells."""
        return self.board.snapshot()

    def ready(self) -> bool:
        """Tell whether every resource's files are in place."""
        return self.board.ready

    def apply(self, resource: str, *, allow_empty: bool) -> bool:
        """Make a pass of one resource now; False where there is none of that name."""
        if resource not in self.street.workers:
            return False
        reasons = frozenset({Reason.OPERATOR})
        self.street.post(resource, Cause(reasons, force=allow_empty))
        return True

    async def drain(self, word: str) -> Sequence[str]:
        """Withdraw the services that *word* names; it may name some that come later.

        Raises:
            DiskError: it could not be remembered, and so is not done.
        """
        named = [str(one.ref) for one in self.registrations.named(word)]
        if named:
            await self.registrations.drains.drain(word)
        return named

    async def undrain(self, word: str) -> bool:
        """End a drain; False where nothing is drained by this word.

        Raises:
            DiskError: it could not be remembered, and so is not done.
        """
        return await self.registrations.drains.undrain(word)

    async def obey(self, wishes: "asyncio.Queue[Wish]", manager: Notifier) -> Ending:
        """Follow signals until one asks to end; tell what becomes of the services."""
        bell = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            # Beside the signals: a resource that goes may still end its commands.
            reading = group.create_task(self._read_again(bell, manager), name="conf.d")
            try:
                while (wish := await wishes.get()) is Wish.RELOAD:
                    bell.set()
            finally:
                reading.cancel()
        keep = wish is Wish.RESTART or self._settings.on_stop == "keep"
        return Ending.DETACH if keep else Ending.WITHDRAW

    async def _read_again(self, bell: asyncio.Event, manager: Notifier) -> None:
        """Take up conf.d anew at every bell; what cannot be read changes nothing."""
        while True:
            await bell.wait()
            bell.clear()
            manager.reloading()
            try:
                await self.read_resources()
            except ConfigError as error:
                log.error("config.refused", problem=str(error))
            manager.tell(READY=1)


async def serve(settings: Settings) -> None:
    """Run the daemon until a signal ends it.

    Raises:
        LockHeld: another daemon works on the state folder.
        ConfigError: a store or the admin socket cannot be used.
    """
    with (
        held(settings.state_dir) as records,
        heard() as wishes,
        closing(notify.notifier(os.environ)) as manager,
    ):
        log.info(
            "daemon.started",
            pid=os.getpid(),
            state_dir=str(settings.state_dir),
            loop=type(asyncio.get_running_loop()).__module__.partition(".")[0],
        )
        async with _running(settings, records) as daemon:
            await daemon.read_resources()
            async with notify.reporting(manager, daemon.board, daemon.moved):
                ending = await daemon.obey(wishes, manager)
            log.info("daemon.stopping", services=ending.value)
            manager.tell(STOPPING=1, STATUS="stopping")
            await _stop(daemon, ending, Stages(wishes, manager.stopping), settings)
        log.info("daemon.stopped")


@asynccontextmanager
async def _running(settings: Settings, records: Records) -> AsyncIterator[Daemon]:
    """Hold all parts open for the block, in the order of the module's first words."""
    hub = Hub(FactsLog().hear)
    async with AsyncExitStack() as parts:
        street = await parts.enter_async_context(
            opened_street(
                make_sources(settings),
                make_renderer(settings),
                records,
                hub.tell,
                bringing=Bringing(
                    command_slots=settings.command_slots,
                    reconcile_s=settings.reconcile,
                    dns_refresh_s=settings.dns_refresh,
                ),
            )
        )
        registrations = await parts.enter_async_context(
            opened_registrations(
                make_places(settings), records, hub.tell, Formats(RecordTexts())
            )
        )
        hub.listen(registrations.hear)
        daemon = Daemon(settings, street, registrations)
        hub.listen(lambda _: daemon.moved.set())
        routes = admin.Admin(daemon)
        await parts.enter_async_context(admin.opened(routes, settings.admin))
        other_files = await parts.enter_async_context(
            files.watched(
                settings.templates_dir,
                street.files,
                street.files_changed,
                settings.poll,
            )
        )
        hub.listen(_when_other(street.file_sets, other_files))
        daemon.other_targets = await parts.enter_async_context(
            drift.watched(street, settings.poll)
        )
        yield daemon


def _when_other(count: Callable[[], int], call: Callable[[], None]) -> Tell:
    """Return what calls *call* after each pass that moved *count*."""
    seen = count()

    def hear(fact: Fact) -> None:
        nonlocal seen
        if isinstance(fact, PassEnded) and count() != seen:
            seen = count()
            call()

    return hear


async def _stop(
    daemon: Daemon, ending: Ending, stages: Stages, settings: Settings
) -> None:
    """Withdraw or detach, give readers time to notice, then let commands end.

    A store that does not answer must not keep a machine from shutting down; what could
    not be withdrawn is gone after its TTL.
    """
    registrations = daemon.registrations
    timeout_s = registrations.withdraw_timeout_s(settings.stop_withdraw_timeout)
    wait_s = registrations.drain_wait_s() if ending is Ending.WITHDRAW else 0.0
    registrations.end(ending)
    doing = "withdrawing" if ending is Ending.WITHDRAW else "leaving"
    left = await stages.give(f"{doing} services", registrations.ended, timeout_s)
    if left:
        log.warning("registrations.left", because=left)
    if wait_s:
        log.info("registrations.draining", seconds=wait_s)
        doing = f"giving readers {wait_s:g} s to notice"
        wait = partial(asyncio.sleep, wait_s)
        await stages.give(doing, wait, wait_s + DRAIN_SLACK_S)
    close, timeout_s = daemon.street.close, settings.stop_commands_timeout
    if await stages.give("letting commands end", close, timeout_s):
        log.warning("commands.cut")
