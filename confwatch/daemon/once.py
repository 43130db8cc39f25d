"""One pass of every resource, its reload included, and the exit status it deserves.

The same street as the daemon's; nothing is registered and nothing is tried again.
"""

import asyncio

import structlog

from confwatch.config.settings import Settings
from confwatch.daemon import declared
from confwatch.daemon.facts_log import FactsLog
from confwatch.daemon.hub import Hub
from confwatch.daemon.parts import make_renderer, make_sources
from confwatch.daemon.state import held
from confwatch.daemon.sweeping import swept
from confwatch.daemon.tally import Tally
from confwatch.pipeline.street import Bringing, opened

log = structlog.get_logger()


async def apply_once(settings: Settings, wait_s: float) -> int:
    """Apply everything once; return the exit status.

    Args:
        settings: as for the daemon.
        wait_s: how long to wait for the stores; commands have deadlines of their own.

    Returns:
        0 if all is in place and read, 1 if anything failed or is owed.

    Raises:
        LockHeld: a daemon works on the state folder.
        ConfigError: a store's settings cannot be used.
    """
    with held(settings.state_dir) as records:
        now = await asyncio.to_thread(declared.read, settings)
        for problem in now.problems:
            log.error("config.refused", problem=str(problem))
        for warning in now.warnings:
            log.warning("config.doubted", problem=warning)
        await asyncio.to_thread(swept, now.resources)
        tally = Tally(frozenset(one.name for one in now.resources))
        hub = Hub(FactsLog().hear, tally.hear)
        sources, renderer = make_sources(settings), make_renderer(settings)
        bringing = Bringing(command_slots=settings.command_slots)
        async with opened(
            sources, renderer, records, hub.tell, bringing=bringing
        ) as street:
            await street.set_resources(now.resources)
            for name in await tally.settled(wait_s):
                unread = "its store did not answer"
                log.error("resource.failed", resource=name, error=unread)
    return 1 if tally.failed or now.problems else 0
