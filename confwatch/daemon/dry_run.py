"""A dry run: the street of the daemon up to the comparison, and no further.

Writes no target, runs no command, keeps no record and takes no lock.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from confwatch.config.settings import Settings
from confwatch.daemon.hub import Hub
from confwatch.daemon.parts import make_renderer, make_sources
from confwatch.daemon.tally import Tally
from confwatch.disk.compare import compare
from confwatch.model.facts import Fact, PassEnded, RecordsSkipped, SourceFailed
from confwatch.model.reads import Reads
from confwatch.model.resource import Resource
from confwatch.model.steps import Compared, Installed, Rendered
from confwatch.pipeline.steps import Before, Owe
from confwatch.pipeline.street import Bringing, opened
from confwatch.pipeline.turns import Turns
from confwatch.state.nowhere import Nowhere


@dataclass(frozen=True, slots=True)
class DryResult:
    """What a pass of every resource would come to.

    Attributes:
        compared: by resource, each target held against what is there.
        errors: by resource, why nothing can be said of it.
        skipped: by resource, the announced records that were left out, and why.
        reads: by resource, all that its render looked at.
    """

    compared: Mapping[str, Compared]
    errors: Mapping[str, str]
    skipped: Mapping[str, list[str]]
    reads: Mapping[str, Reads]


class _Comparing:
    """The last step of a dry pass: compares and remembers."""

    def __init__(self) -> None:
        self.compared: dict[str, Compared] = {}
        self.errors: dict[str, str] = {}
        self.skipped: dict[str, list[str]] = {}
        self.reads: dict[str, Reads] = {}
        self.store_error = ""

    async def bring(
        self,
        rendered: Rendered,
        _before: Before,
        _turns: Turns,
        _owe: Owe,
    ) -> tuple[Compared, Installed | None]:
        """Compare, and leave everything as it is."""
        self.reads[rendered.resource.name] = rendered.reads
        compared = await asyncio.to_thread(compare, rendered)
        self.compared[rendered.resource.name] = compared
        return compared, None

    def hear(self, fact: Fact) -> None:
        """Remember what a pass left out or why it failed, and why a store is away."""
        if isinstance(fact, PassEnded):
            if fact.error is not None:
                self.errors[fact.resource] = str(fact.error)
            elif fact.empty:
                empty = ", ".join(ref.key for ref in fact.empty)
                self.errors[fact.resource] = f"held: no keys below {empty}"
        elif isinstance(fact, RecordsSkipped):
            self.skipped.setdefault(fact.resource, []).extend(fact.named())
        elif isinstance(fact, SourceFailed):
            self.store_error = str(fact.error)


async def dry_run(
    settings: Settings, resources: tuple[Resource, ...], wait_s: float
) -> DryResult:
    """Render *resources* from their stores and compare with what is there.

    Args:
        settings: as for the daemon.
        resources: those asked for.
        wait_s: how long to wait for the stores.

    Raises:
        ConfigError: a store's settings cannot be used.
    """
    comparing = _Comparing()
    tally = Tally(frozenset(one.name for one in resources))
    hub = Hub(comparing.hear, tally.hear)
    bare = [
        replace(
            one, check=None, check_installed=False, reload=None, services=(), quiet=None
        )
        for one in resources
    ]
    sources, renderer = make_sources(settings), make_renderer(settings)
    async with opened(
        sources, renderer, Nowhere(), hub.tell, bringing=Bringing(comparing.bring)
    ) as street:
        await street.set_resources(bare)
        for name in await tally.settled(wait_s):
            why = comparing.store_error or "its store did not answer"
            comparing.errors.setdefault(name, why)
    for name in comparing.errors:
        comparing.compared.pop(name, None)
    return DryResult(
        comparing.compared, comparing.errors, comparing.skipped, comparing.reads
    )
