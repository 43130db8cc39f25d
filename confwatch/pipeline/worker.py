"""Walks one resource, in order, whenever there is a reason to.

Events during a pass make one more pass, not many; a pass that failed is tried again.
"""

import asyncio
import operator
import time
from collections.abc import Mapping

from msgspec.structs import replace

from confwatch.aio.backoff import Backoff
from confwatch.aio.bucket import Bucket
from confwatch.aio.latest import Latest
from confwatch.aio.quiet import calm
from confwatch.errors import ResourceError
from confwatch.model.facts import Cause, PassEnded, PassResult, Reason, Repaired, Tell
from confwatch.model.keys import Ref
from confwatch.model.resource import Resource
from confwatch.model.steps import Mark
from confwatch.pipeline.reloader import Reloader
from confwatch.pipeline.walk import Walk

FIRST_RETRY_S = 1.0
MOST_RETRY_S = 300.0
BROKEN_RETRY_S = 30.0
BURST = 20
PER_S = 20.0
"""A storm's passes: this many at once, then so many a second, for each resource."""


_OF_ITSELF = frozenset({Reason.RETRY, Reason.COVERED})
"""Reasons for a pass that bring nothing new from outside."""


class Worker:
    """One resource and the reasons that wait for its next pass.

    Attributes:
        resource: what it walks.
        last: how the last pass that was not WAITING ended; None before it.
        last_at: wall clock of its end, seconds since the epoch.
        changed_at: wall clock of the last change of a target; None before it.
        passes: how many there were.
        renders: how many of them got as far as rendering.
    """

    def __init__(self, resource: Resource, walk: Walk, tell: Tell) -> None:
        self.resource = resource
        self.last: PassEnded | None = None
        self.last_at: float | None = None
        self.changed_at: float | None = None
        self.passes = 0
        self._walk = walk
        self._tell = tell
        self._at_work = asyncio.Lock()
        self._mail: Latest[Cause] = Latest(operator.or_)
        self._backoff = Backoff(FIRST_RETRY_S, MOST_RETRY_S)
        self._bucket = Bucket(BURST, PER_S)
        # The causes of passes that came to nothing: the one that heals names them.
        self._unmet: Cause | None = None
        self._retry_s: float | None = None

    @property
    def begun_at(self) -> float | None:
        """The loop's time when the step under way began; None where none is."""
        return self._walk.step.begun_at

    @property
    def drifted(self) -> tuple[str, ...]:
        """The targets that somebody else changed, and that are left so."""
        return self._walk.drift.seen

    @property
    def skipped(self) -> Mapping[Ref, str]:
        """The announced records that the last render left out, and why."""
        return self._walk.skips.records

    @property
    def reloader(self) -> Reloader | None:
        """Who makes the service read the files; None where nothing needs telling."""
        return self._walk.reloader

    @property
    def owed(self) -> bool:
        """Whether files are in place that their service has not read."""
        return self._walk.owed

    def post(self, cause: Cause) -> None:
        """Give a reason for a pass; reasons that wait already are joined with it."""
        self._mail.put(cause)

    async def looked_at(self, now: Mapping[str, Mark]) -> bool:
        """Put targets right that are not as they were left; False: ask again later.

        Args:
            now: marks of targets, of other resources too.
        """
        if self._at_work.locked():
            return False  # it is changing them itself
        async with self._at_work:
            cause = self._walk.drift.judge(now)
            if cause is None:
                return True
            repaired = await self._repaired(cause.keys)
        if repaired is None:
            self.post(cause)
        elif repaired:
            self.changed_at = time.time()
            self._tell(Repaired(self.resource.name, repaired, self.owed))
        return True

    async def rest(self) -> None:
        """Return once nothing is under way any more."""
        async with self._at_work:
            return

    async def _repaired(self, dests: tuple[str, ...]) -> tuple[str, ...] | None:
        """Put targets right; None where only a pass can, or has to tell why not."""
        self._walk.step.begin()
        try:
            return await self._walk.repair(dests)
        except ResourceError:
            return None
        finally:
            self._walk.step.rest()

    def narrow(self) -> None:
        """Want no more than what the last render read."""
        self._walk.finding.narrow()

    async def run(self) -> None:
        """Make a pass whenever there is a reason, for ever."""
        while True:
            cause = await self._cause()
            if cause.reasons - _OF_ITSELF:
                self._walk.finding.forgive()
            if self._unmet is not None:
                cause = self._unmet | cause
            async with self._at_work:
                self._walk.step.begin()
                ended = await self._pass(cause)
                self._walk.step.rest()
            self._note(ended)
            self._tell(ended)

    async def _cause(self) -> Cause:
        """Wait for a reason, for calm where the operator wants it, and for a token."""
        try:
            async with asyncio.timeout(self._retry_s):
                await self._mail.filled()
        except TimeoutError:
            self._mail.put(Cause(frozenset({Reason.RETRY})))
        quiet = self.resource.quiet
        if quiet is not None and self.last is not None:
            await calm(self._mail.arrival, min_s=quiet.min_s, max_s=quiet.max_s)
        await self._bucket.take()
        cause = self._mail.take()
        # Nobody else takes from this mailbox, and it was filled above.
        return cause if cause is not None else Cause(frozenset({Reason.RETRY}))

    async def _pass(self, cause: Cause) -> PassEnded:
        """Make one pass; whatever happens in it, only this resource is concerned."""
        started = asyncio.get_running_loop().time()
        name = self.resource.name
        try:
            ended = await self._walk.once(cause)
        except ResourceError as error:
            retry_s = self._backoff.next()
            ended = PassEnded(
                name, PassResult.FAILED, cause, error=error, retry_s=retry_s
            )
        except Exception as error:  # noqa: BLE001 - a bug breaks one resource, told with its traceback, not the others
            ended = PassEnded(
                name, PassResult.BROKEN, cause, error=error, retry_s=BROKEN_RETRY_S
            )
        seconds = asyncio.get_running_loop().time() - started
        return replace(ended, owed=self._walk.owed, seconds=seconds)

    def _note(self, ended: PassEnded) -> None:
        """Remember how it ended, and what that means for the next one."""
        self.passes += 1
        self._retry_s = ended.retry_s
        if ended.result in (PassResult.INSTALLED, PassResult.UNCHANGED):
            self._backoff.reset()
            self._unmet = None
        else:
            self._unmet = ended.cause
        if ended.result is PassResult.WAITING:
            return
        self.last = ended
        self.last_at = time.time()
        if ended.changed:
            self.changed_at = self.last_at
