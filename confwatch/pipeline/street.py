"""The whole street, from stores to services: who works on it and how they meet."""

import asyncio
from collections.abc import AsyncIterator, Collection, Coroutine, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from confwatch.contracts import Records, Source
from confwatch.model.facts import Cause, Reason, Tell
from confwatch.model.resource import Resource
from confwatch.model.steps import Mark
from confwatch.pipeline.commands import MAX_COMMANDS, Commands
from confwatch.pipeline.coverage import Coverage
from confwatch.pipeline.desk import Desk
from confwatch.pipeline.doubts import Doubts
from confwatch.pipeline.follow import Follower
from confwatch.pipeline.lookups import Lookups
from confwatch.pipeline.planner import Planner
from confwatch.pipeline.proof import Proofs
from confwatch.pipeline.readindex import ReadIndex
from confwatch.pipeline.reloader import Reloader
from confwatch.pipeline.steps import Bring, Rendering, bring
from confwatch.pipeline.walk import Walk
from confwatch.pipeline.worker import Worker
from confwatch.render.commands import CommandValues, fill
from confwatch.render.renderer import Renderer

COVER_REST = 10
"""To join what thousands of resources want is followed by so many times what it took:
at a start each of them wants more at another moment."""


@dataclass(frozen=True, slots=True)
class Bringing:
    """What becomes of rendered files.

    Attributes:
        bring: takes them to their targets; a dry run only compares.
        command_slots: checks and reloads that run at a time.
        reconcile_s: seconds between looks for what no render reads any more.
        dns_refresh_s: seconds after which names are looked up again.
    """

    bring: Bring = bring
    command_slots: int = MAX_COMMANDS
    reconcile_s: float = 600.0
    dns_refresh_s: float = 30.0


class Street:
    """Followers, workers and reloaders, each a task of one group.

    Attributes:
        followers: by store.
        workers: by resource.
        reloaders: by command as it is run.
        rendering: counts the renders.
    """

    def __init__(
        self,
        sources: Mapping[str, Source],
        renderer: Renderer,
        records: Records,
        tell: Tell,
        group: asyncio.TaskGroup,
        *,
        bringing: Bringing,
    ) -> None:
        """Lay the street; ``opened`` starts the followers and ends everything.

        Args:
            sources: by the stores' names.
            renderer: makes files of templates.
            records: what outlives the process.
            tell: takes facts.
            group: holds all tasks.
            bringing: what becomes of rendered files.
        """
        self.followers = {
            name: Follower(name, source, tell) for name, source in sources.items()
        }
        self.workers: dict[str, Worker] = {}
        self.reloaders: dict[tuple[str, ...], Reloader] = {}
        self.rendering = Rendering(renderer, self.followers)
        self._tell = tell
        self._group = group
        self._reconcile_s = bringing.reconcile_s
        self._dns_refresh_s = bringing.dns_refresh_s
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._owner: dict[str, str] = {}  # whose a target is
        self._covering: asyncio.Handle | None = None
        self._cover_at = 0.0
        self._desk = self._make_desk(records, bringing)

    def _make_desk(self, records: Records, bringing: Bringing) -> Desk:
        """Make the tables that all walks share."""
        mirrors = {name: one.mirror for name, one in self.followers.items()}
        index, coverage, doubts = ReadIndex(), Coverage(), Doubts(mirrors)
        planner = Planner(index, coverage, doubts, post=self.post, tell=self._tell)
        return Desk(
            mirrors=mirrors,
            rendering=self.rendering,
            commands=Commands(bringing.command_slots),
            proofs=Proofs(records, self._tell),
            coverage=coverage,
            index=index,
            doubts=doubts,
            planner=planner,
            lookups=Lookups(self.rendering.names, index, self.post),
            cover=self._cover_soon,
            bring=bringing.bring,
            tell=self._tell,
        )

    def start(self) -> None:
        """Begin to follow the stores."""
        self._spawn("write records", self._desk.proofs.run())
        for name, follower in self.followers.items():
            self._spawn(f"follow {name}", follower.run(self._desk.planner.take))
        self._spawn("reconcile", self._reconcile())
        self._spawn("names", self._desk.lookups.run(self._dns_refresh_s))

    async def set_resources(self, resources: Iterable[Resource]) -> None:
        """Walk these resources from now on; those that stay the same go on unmoved.

        A resource that is gone leaves its files as they are and still pays its debts.
        """
        wanted = {one.name: one for one in resources}
        workers = self.workers.items()
        await self._dismiss([n for n, one in workers if wanted.get(n) != one.resource])
        for name, resource in wanted.items():
            if name not in self.workers:
                self._hire(resource)
        self._retire_reloaders()
        self._cover()

    def post(self, resource: str, cause: Cause) -> None:
        """Give one resource a reason for a pass."""
        worker = self.workers.get(resource)
        if worker is not None:
            worker.post(cause)

    def files_changed(self, paths: Iterable[str]) -> None:
        """Give whoever rendered from these files a reason for a pass."""
        self._desk.planner.files_changed(paths)

    def targets(self) -> list[str]:
        """Return every target."""
        return [*self._owner]

    async def targets_looked_at(self, now: Mapping[str, Mark]) -> set[str]:
        """Put right what is not as it was left; return what is being changed now."""
        owners = {self._owner[dest] for dest in now if dest in self._owner}
        busy: set[str] = set()
        for worker in [self.workers[name] for name in owners]:
            if not await worker.looked_at(now):
                busy.update(worker.resource.dests)
        return busy & now.keys()

    def files(self) -> frozenset[str]:
        """Return every file that a render read."""
        return self._desk.index.files()

    def file_sets(self) -> int:
        """Tell how often a resource came to read other files than before."""
        return self._desk.index.file_sets

    def narrow(self) -> None:
        """Ask the stores no longer for what no render reads any more."""
        for worker in self.workers.values():
            worker.narrow()
        self._cover()

    async def close(self) -> None:
        """Start no more commands, and return once none runs."""
        await self._desk.commands.close()

    def finish(self) -> None:
        """End every task; what is being installed is installed."""
        if self._covering is not None:
            self._covering.cancel()
        for task in self._tasks.values():
            task.cancel()

    def _hire(self, resource: Resource) -> None:
        """Begin to walk a resource."""
        desk = self._desk
        desk.coverage.declare(resource.name, resource.cover)
        walk = Walk(resource, self._reloader_for(resource), desk)
        worker = Worker(resource, walk, self._tell)
        self.workers[resource.name] = worker
        self._owner.update(dict.fromkeys(resource.dests, resource.name))
        self._spawn(f"work {resource.name}", worker.run())
        worker.post(Cause(frozenset({Reason.START})))

    async def _dismiss(self, names: Collection[str]) -> None:
        """Stop walking resources; a pass that installs does so to its end."""
        tasks = [self._tasks[f"work {name}"] for name in names]
        for task in tasks:
            task.cancel()
        if tasks:
            # All at once: each may have a command to end that takes its time.
            await asyncio.wait(tasks)
        for name in names:
            await self.workers[name].rest()
            self._forget(name)

    def _forget(self, name: str) -> None:
        """Drop what is known of a resource that is no longer walked."""
        del self._tasks[f"work {name}"]
        for dest in self.workers.pop(name).resource.dests:
            self._owner.pop(dest, None)
        desk = self._desk
        desk.coverage.forget(name)
        desk.index.forget(name)
        desk.doubts.clear(name)
        desk.planner.forget(name)
        desk.rendering.forget(name)

    def _reloader_for(self, resource: Resource) -> Reloader | None:
        """Return the one reloader of this command; None where nothing needs telling."""
        if resource.reload is None:
            return None
        dests = resource.dests
        values = CommandValues(
            src=None, dest=dests[0] if len(dests) == 1 else None, stages={}, dests=dests
        )
        argv = fill(resource.reload.command, values)
        if argv not in self.reloaders:
            desk = self._desk
            reloader = Reloader(argv, desk.commands, desk.proofs, self._tell)
            self.reloaders[argv] = reloader
            self._spawn(_named(argv), reloader.run())
        self._take_over(resource.name, self.reloaders[argv])
        return self.reloaders[argv]

    def _retire_reloaders(self) -> None:
        """End those that no resource has and that owe nothing."""
        needed = {worker.reloader for worker in self.workers.values()}
        for argv, reloader in [*self.reloaders.items()]:
            if reloader not in needed and reloader.idle:
                self._tasks.pop(_named(argv)).cancel()
                del self.reloaders[argv]

    def _take_over(self, resource: str, reloader: Reloader) -> None:
        """Forget what *resource* owes by another command: its start looks again."""
        for other in self.reloaders.values():
            if other is not reloader:
                other.debts.pop(resource, None)

    async def _reconcile(self) -> None:
        """Narrow now and then, for ever; what is read again soon is still known."""
        while True:
            await asyncio.sleep(self._reconcile_s)
            self.narrow()

    def _cover_soon(self) -> None:
        """Do so once for all who want more now: it looks at what everybody needs."""
        if self._covering is None:
            loop = asyncio.get_running_loop()
            due_at = max(loop.time(), self._cover_at)
            self._covering = loop.call_at(due_at, self._cover)

    def _cover(self) -> None:
        """Ask every store for just what the resources need."""
        if self._covering is not None:
            self._covering.cancel()
            self._covering = None
        loop = asyncio.get_running_loop()
        started = loop.time()
        for name, follower in self.followers.items():
            follower.cover(self._desk.coverage.of(name))
        self._cover_at = loop.time() + COVER_REST * (loop.time() - started)

    def _spawn(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Start a task that ``finish`` ends."""
        self._tasks[name] = self._group.create_task(work, name=name)


def _named(argv: tuple[str, ...]) -> str:
    """Name the task of a reloader."""
    return f"reload {argv!r}"


@asynccontextmanager
async def opened(
    sources: Mapping[str, Source],
    renderer: Renderer,
    records: Records,
    tell: Tell,
    *,
    bringing: Bringing = Bringing(),
) -> AsyncIterator[Street]:
    """Hold a street open for the block; leaving it ends all its tasks."""
    async with asyncio.TaskGroup() as group:
        street = Street(sources, renderer, records, tell, group, bringing=bringing)
        street.start()
        try:
            yield street
        finally:
            street.finish()
