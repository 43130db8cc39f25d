"""One pass of one resource, and what a resource remembers between passes."""

from functools import partial

from confwatch.aio.threads import finish
from confwatch.disk.present import marks
from confwatch.errors import CheckFailed, ResourceError
from confwatch.model.facts import (
    Cause,
    PassEnded,
    PassResult,
    PutBack,
    Reason,
    WrittenInPlace,
)
from confwatch.model.keys import Ref
from confwatch.model.resource import HoldOnEmpty, Resource
from confwatch.model.steps import Compared, Installed, Rendered
from confwatch.pipeline.check import check_installed
from confwatch.pipeline.desk import Desk
from confwatch.pipeline.drift import Drift
from confwatch.pipeline.finding import Finding
from confwatch.pipeline.leftover import Leftover, left_over
from confwatch.pipeline.reloader import Debt, Reloader
from confwatch.pipeline.skips import Skips
from confwatch.pipeline.steps import Before
from confwatch.pipeline.turns import Step, Turns

LEFT = "left by an earlier run"
UNKNOWN = "no record of a reload"


class Walk:
    """Passes of one resource, one at a time.

    Attributes:
        reloader: makes its service read the files; None where nothing needs telling.
        drift: knows how the last pass left the targets.
        finding: knows what the renders read.
        skips: knows what the last render left out.
        step: since when a step is under way.
    """

    def __init__(
        self, resource: Resource, reloader: Reloader | None, desk: Desk
    ) -> None:
        self._resource = resource
        self.reloader = reloader
        self._desk = desk
        self._leftover = Leftover(resource, desk.tell)
        self.drift = Drift(resource, desk.tell)
        self.skips = Skips(resource.name, desk.tell)
        self.step = Step()
        self.finding = Finding(resource, desk, skips=self.skips, step=self.step)
        self._turns = Turns(desk.commands, self.step)
        self._in_place: set[str] = set()
        self._begun = False

    @property
    def owed(self) -> bool:
        """Whether files are in place that their service has not read."""
        return self.reloader is not None and self._resource.name in self.reloader.debts

    async def once(self, cause: Cause) -> PassEnded:
        """Make one pass.

        Raises:
            ResourceError: what failed; the targets are as they were.
        """
        name, desk = self._resource.name, self._desk
        if not self._begun:
            await self._begin()
        if not self.finding.covered():
            desk.planner.wait_for_coverage(name)
            return PassEnded(name, PassResult.WAITING, cause, owed=self.owed)
        if cause.force:
            desk.doubts.clear(name)
        try:
            return await self._walk(cause)
        except ResourceError as error:
            if isinstance(error, CheckFailed) and error.put_back:
                await self._is_put_back(error.put_back)
            await self._refused()
            raise

    async def _walk(self, cause: Cause) -> PassEnded:
        """Render, and bring what was rendered, unless emptiness is doubted."""
        name, desk = self._resource.name, self._desk
        if desk.coverage.declares(name) and (empty := self._empty()):
            return await self._held(cause, empty)
        rendered = await self.finding.render()
        if rendered is None:
            desk.planner.wait_for_coverage(name)
            return PassEnded(name, PassResult.WAITING, cause, owed=self.owed)
        # Only the render tells what a resource that declares nothing looks through.
        if empty := self._empty():
            return await self._held(cause, empty)
        return await self._bring(rendered, cause)

    async def _held(self, cause: Cause, empty: tuple[Ref, ...]) -> PassEnded:
        """Leave the targets alone."""
        await self._refused()
        name = self._resource.name
        return PassEnded(name, PassResult.HELD, cause, owed=self.owed, empty=empty)

    async def _begin(self) -> None:
        """See what an earlier run left, and doubt what it knew as full."""
        name, desk = self._resource.name, self._desk
        await self._leftover.look()
        proven = desk.proofs.of(name)
        if proven is not None:
            await finish(partial(self.drift.recall, proven))
            desk.coverage.recall(name, proven.populated)
            known = desk.coverage.doubted(name) & proven.populated
            desk.doubts.add(name, known)
            desk.cover()
        self._begun = True

    def _empty(self) -> tuple[Ref, ...]:
        """Return the prefixes for whose emptiness this pass must not be made."""
        hold = self._resource.hold_on_empty
        refs = self._desk.coverage.doubted(self._resource.name)
        return self._desk.doubts.empty(self._resource.name, hold, refs)

    async def _bring(self, rendered: Rendered, cause: Cause) -> PassEnded:
        """Bring the rendered files to their targets, and owe what follows."""
        name, desk = self._resource.name, self._desk
        proven = desk.proofs.of(name)
        populated = self._populated()
        secret = any(one.secret for one in rendered.files)

        def owe(installed: Installed) -> None:
            self._owe(installed, populated, secret=secret, why="installed")

        compared, installed = await desk.bring(
            rendered,
            Before({} if proven is None else proven.digests, self.drift.known),
            self._turns,
            owe,
        )
        if installed is not None:
            self._say_in_place(installed.in_place)
            result, changed = PassResult.INSTALLED, installed.changed
        else:
            left = None if self.owed else left_over(compared, proven)
            if left is not None:
                # An earlier run may have been killed before it came to this check.
                await check_installed(compared, self._turns)
                why = UNKNOWN if proven is None else LEFT
                self._owe(left, populated, secret=secret, why=why)
            result, changed = PassResult.UNCHANGED, ()
        self._leftover.forget()
        self.drift.left(compared, installed, populated)
        if Reason.DRIFT in cause.reasons:
            self.drift.repaired(dest for dest in changed if dest in cause.keys)
        return PassEnded(name, result, cause, changed, owed=self.owed)

    async def repair(self, dests: tuple[str, ...]) -> tuple[str, ...] | None:
        """Put targets right from what was installed last; None where it takes a pass.

        Neither a store nor a template is asked.

        Returns:
            The targets that had to be.

        Raises:
            DiskError: they are as they were.
        """
        proven = self._desk.proofs.of(self._resource.name)
        digests = {} if proven is None else proven.digests

        def note(done: tuple[Compared, Installed | None] | None) -> None:
            if done is not None:
                self.drift.put_right_so(*done)
                if done[1] is not None:
                    self._owe_again(done[1])

        done = await finish(lambda: self.drift.put_right(dests, digests), note)
        if done is None:
            return None
        return () if done[1] is None else done[1].changed

    def _owe_again(self, installed: Installed) -> None:
        """Owe the reload of what was put right."""
        self._say_in_place(installed.in_place)
        drift = self.drift
        self._owe(installed, drift.populated, secret=drift.secret, why="installed")

    def _say_in_place(self, dests: tuple[str, ...]) -> None:
        """Tell once of targets that a crash may leave half written."""
        new = tuple(dest for dest in dests if dest not in self._in_place)
        if new:
            self._in_place.update(new)
            self._desk.tell(WrittenInPlace(self._resource.name, new))

    def _owe(
        self, installed: Installed, populated: frozenset[Ref], *, secret: bool, why: str
    ) -> None:
        """Owe the reload; where nothing needs telling, the files are proven now."""
        reload = self._resource.reload
        if self.reloader is None or reload is None:
            self._desk.proofs.settle(installed, populated)
        else:
            self.reloader.owe(Debt(installed, reload, populated, secret, why))

    async def _is_put_back(self, dests: tuple[str, ...]) -> None:
        """Take it that targets are again what they were before this pass."""
        self.drift.put_back(await finish(lambda: marks(dests)))
        self._desk.tell(PutBack(self._resource.name, dests))

    async def _refused(self) -> None:
        """See to what an earlier run left behind a pass that failed."""
        proven = self._desk.proofs.of(self._resource.name)
        left = await self._leftover.refused(proven)
        if left is not None and proven is not None:
            # What was secret then is not known now: better no output than one too many.
            self._owe(left, proven.populated, secret=True, why=LEFT)

    def _populated(self) -> frozenset[Ref]:
        """Return the prefixes that have keys, to be doubted should they be empty."""
        if self._resource.hold_on_empty is HoldOnEmpty.NEVER:
            return frozenset()
        refs = self._desk.coverage.doubted(self._resource.name)
        return frozenset(ref for ref in refs if self._desk.doubts.has_keys(ref))
