"""Makes one distinct reload, for every resource that owes it, until it succeeded.

A reload is never in a worker's way: workers leave a debt here and go on.
"""

import asyncio
from collections.abc import Mapping

from msgspec import Struct
from msgspec.structs import replace

from confwatch.aio.backoff import Backoff
from confwatch.aio.process import Ended
from confwatch.aio.spread import part_of
from confwatch.errors import ReloadFailed
from confwatch.model.facts import ReloadEnded, ReloadOwed, Tell
from confwatch.model.keys import Ref
from confwatch.model.resource import Reload
from confwatch.model.steps import Installed
from confwatch.pipeline.commands import Commands, Surroundings, failed, shown
from confwatch.pipeline.proof import Proofs

FIRST_RETRY_S = 1.0
MOST_RETRY_S = 300.0


class Debt(Struct, frozen=True):
    """Files in place that their service has not read yet.

    Attributes:
        installed: the files.
        reload: what makes the service read them.
        populated: prefixes that had keys when they were rendered.
        secret: whether a render behind them read a secret.
        why: how it came about, for people.
    """

    installed: Installed
    reload: Reload
    populated: frozenset[Ref]
    secret: bool
    why: str


class Reloader:
    """Owns one reload command; at most one of it runs at a time.

    Attributes:
        argv: the command as it is run; what makes a reload distinct.
        debts: by resource, what its service has not read yet.
        due_by: when the command that runs meets its deadline, by the loop's clock;
            None where none runs.
    """

    def __init__(
        self, argv: tuple[str, ...], commands: Commands, proofs: Proofs, tell: Tell
    ) -> None:
        self.argv = argv
        self.debts: dict[str, Debt] = {}
        self.error: ReloadFailed | None = None
        self.due_by: float | None = None
        self._commands = commands
        self._proofs = proofs
        self._tell = tell
        self._bell = asyncio.Event()
        self._backoff = Backoff(FIRST_RETRY_S, MOST_RETRY_S)
        self._not_before = 0.0
        self._retry_at = 0.0
        self._running = False

    @property
    def idle(self) -> bool:
        """Whether nothing is owed and the command does not run."""
        return not self.debts and not self._running

    @property
    def shown(self) -> str:
        """The command as an operator would write it."""
        return shown(self.argv)

    def owe(self, debt: Debt) -> None:
        """Take over a debt; it replaces an older one of the same resource."""
        resource = debt.installed.resource
        first = not self.debts
        older = self.debts.get(resource.name)
        if older is not None:
            debt = _joined(older, debt)
        self.debts[resource.name] = debt
        # Another configuration may well succeed where the last one did not.
        self._retry_at = 0.0
        self._backoff.reset()
        if first and resource.splay_s:
            splay_s = part_of(resource.splay_s)
            now = asyncio.get_running_loop().time()
            self._not_before = max(self._not_before, now + splay_s)
        self._tell(ReloadOwed(resource.name, self.shown, debt.why))
        self._bell.set()

    async def run(self) -> None:
        """Make the reload whenever it is owed and due, for ever."""
        while True:
            while not self.debts:
                self._bell.clear()
                await self._bell.wait()
            await self._due()
            # Another command may have taken over the last debt meanwhile.
            if self.debts:
                await self._reload()

    async def _due(self) -> None:
        """Return when a reload may start; a new debt makes it look again."""
        loop = asyncio.get_running_loop()
        while (wait_s := max(self._not_before, self._retry_at) - loop.time()) > 0:
            self._bell.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._bell.wait()
            except TimeoutError:
                return

    async def _reload(self) -> None:
        """Run the command once, for all debts there are now."""
        loop = asyncio.get_running_loop()
        served = dict(self.debts)
        started = loop.time()
        reloads = [debt.reload for debt in served.values()]
        self._not_before = started + max(one.min_interval_s for one in reloads)
        timeout_s = max(one.command.timeout_s for one in reloads)

        def begun() -> None:
            self.due_by = loop.time() + timeout_s

        self._running = True
        try:
            ended = await self._commands.run(
                self.argv, _surroundings(served), timeout_s=timeout_s, begun=begun
            )
        finally:
            self._running, self.due_by = False, None
        retry_s = self._judge(ended, secret=any(one.secret for one in served.values()))
        took_s = loop.time() - started
        names = tuple(served)
        self._tell(ReloadEnded(names, self.shown, self.error, retry_s, took_s))
        if self.error is None:
            self._settle(served)

    def _judge(self, ended: Ended, *, secret: bool) -> float | None:
        """Note how it ended; return the seconds until it is tried again, if it is."""
        if ended.status == 0:
            self.error = None
            self._backoff.reset()
            return None
        self.error = failed(ReloadFailed, self.argv, ended, secret=secret)
        wait_s = self._backoff.next()
        self._retry_at = asyncio.get_running_loop().time() + wait_s
        return wait_s

    def _settle(self, served: Mapping[str, Debt]) -> None:
        """Strike off what was served; files that came meanwhile are owed still."""
        for name, debt in served.items():
            if self.debts.get(name) is debt:
                del self.debts[name]
            self._proofs.settle(debt.installed, debt.populated)


def _joined(older: Debt, newer: Debt) -> Debt:
    """Make one debt of two: the newer files, and all that changed since the proof."""
    changed = dict.fromkeys((*older.installed.changed, *newer.installed.changed))
    installed = replace(newer.installed, changed=tuple(changed))
    return replace(newer, installed=installed, secret=older.secret or newer.secret)


def _surroundings(served: Mapping[str, Debt]) -> Surroundings:
    """Tell the command for whom it runs and what changed."""
    installed = [debt.installed for debt in served.values()]
    dests = [dest for one in installed for dest in one.resource.dests]
    return Surroundings(
        resources=tuple(served),
        changed=tuple(dest for one in installed for dest in one.changed),
        dest=dests[0] if len(dests) == 1 else None,
    )
