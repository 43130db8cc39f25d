"""The street on a bench: real templates, real files, real commands, a fake store."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from confwatch.model.facts import Fact, PassEnded, PassResult
from confwatch.model.keys import Key, Ref
from confwatch.model.resource import Command, Reload, Resource, Template
from confwatch.pipeline.street import Street, opened
from confwatch.render.limits import Limits
from confwatch.render.renderer import Renderer
from confwatch.state.records import FileRecords
from tests.support.fakes import FakeSource
from tests.support.waiting import until

F = TypeVar("F")


class Bench:
    """A street, its store, its folder, and the facts it has told.

    Attributes:
        street: the street itself.
        source: the fake store.
        facts: everything told so far, in order.
        out: folder for targets.
    """

    def __init__(self, folder: Path, source: FakeSource) -> None:
        self.source = source
        self.facts: list[Fact] = []
        self.folder = folder
        self.out = folder / "out"
        self.templates = folder / "templates"
        for path in (self.out, self.templates):
            path.mkdir(exist_ok=True)
        self.street: Street

    def resource(
        self,
        name: str,
        text: str,
        *keys: str,
        reload: str | None = None,
        check: str | None = None,
    ) -> Resource:
        """Make a resource of one template; ``OUT`` in commands is the target folder."""
        (self.templates / f"{name}.j2").write_text(text)
        refs = tuple(Ref("main", Key(key)) for key in keys)
        template = Template(f"{name}.j2", str(self.out / name), refs)
        made = Resource(name, f"{name}.yaml", (template,))
        if check is not None:
            made = replace(made, check=Command(self.filled(check), timeout_s=10))
        if reload is not None:
            command = Command(self.filled(reload), timeout_s=10)
            made = replace(made, reload=Reload(command, min_interval_s=0.0))
        return made

    def filled(self, command: str) -> str:
        """Put the target folder into a command."""
        return command.replace("OUT", str(self.out))

    def told(self, kind: type[F]) -> list[F]:
        """Return the facts of one kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def passes(self, resource: str, *results: PassResult) -> list[PassEnded]:
        """Return the passes of one resource that ended so; all where none is named."""
        return [
            fact
            for fact in self.told(PassEnded)
            if fact.resource == resource and (not results or fact.result in results)
        ]

    async def until_told(self, kind: type[F], count: int = 1) -> list[F]:
        """Wait until so many facts of one kind were told."""
        await until(lambda: len(self.told(kind)) >= count)
        return self.told(kind)

    async def ended(self, resource: str, result: PassResult, count: int = 1) -> None:
        """Wait until so many passes of a resource ended so."""
        await until(lambda: len(self.passes(resource, result)) >= count)

    async def holds(self, name: str, text: str) -> None:
        """Wait until a target holds *text*."""
        path = self.out / name
        await until(lambda: path.exists() and path.read_text() == text)

    def lines(self, name: str) -> list[str]:
        """Return the lines of a file that commands append to."""
        path = self.out / name
        return path.read_text().splitlines() if path.exists() else []

    async def calm(self) -> None:
        """Let everything that is ready run, and every pass that can end do so."""
        before = -1
        while before != len(self.facts):
            before = len(self.facts)
            for _ in range(20):
                await asyncio.sleep(0)
            # One that waits for a command goes on; threads may be slow on a busy host.
            with suppress(TimeoutError):
                await until(lambda: not self._under_way(), deadline_s=0.5)
            await asyncio.to_thread(lambda: None)

    def _under_way(self) -> bool:
        """Tell whether any pass or reload is being made."""
        workers, reloaders = self.street.workers, self.street.reloaders
        return any(one._at_work.locked() for one in workers.values()) or any(
            one._running for one in reloaders.values()
        )


@asynccontextmanager
async def bench(folder: Path, **entries: str) -> AsyncIterator[Bench]:
    """Hold a street open over a store with *entries*; ``a__b`` is the key ``/a/b``."""
    source = FakeSource()
    source.load(
        {Key("/" + k.replace("__", "/")): v.encode() for k, v in entries.items()}
    )
    made = Bench(folder, source)
    renderer = Renderer(made.templates, Limits())
    records = FileRecords(folder / "state")
    async with opened({"main": source}, renderer, records, made.facts.append) as street:
        made.street = street
        yield made
