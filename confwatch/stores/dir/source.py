"""A folder as a store: every file is a key."""

import asyncio
import errno
import itertools
import os
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager

from confwatch.aio.threads import finish
from confwatch.errors import SourceError
from confwatch.model.events import Changed, Consistency, Loaded, Revision, StoreEvent
from confwatch.model.keys import ROOT, Key, is_covered, outermost
from confwatch.stores.dir.edge import translated
from confwatch.stores.dir.names import key_of
from confwatch.stores.dir.reaper import Reaper
from confwatch.stores.dir.scan import Look, Mark, look
from confwatch.stores.dir.watching import Dirty, watched

RESCAN_S = 30.0
"""The kernel drops events where too many come at once, and says so to nobody."""
POLL_S = 1.0
SAME_S = 2.0
"""Nothing tells that another folder took this one's place: a link, a mount."""
RESCAN_SHARE, POLL_SHARE = 2400, 10
"""A look at everything is followed by a rest of so many times what it cost in CPU."""
MOST_RESCAN_S, MOST_POLL_S = 600.0, 120.0
"""A rescan finds only what the kernel dropped; a poll is all that tells."""
_UNWATCHABLE = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENOSYS})


class DirSource:
    """Reads a folder and watches it."""

    consistency = Consistency.KEY

    def __init__(self, root: str, *, poll: bool) -> None:
        """Make the source; nothing is opened yet.

        Args:
            root: absolute path of the folder.
            poll: look from time to time, where the kernel tells of no change (NFS).
        """
        self._root = root
        self._poll = poll

    @property
    def shown(self) -> str:
        """The store's URL."""
        return f"dir:{self._root}"

    @asynccontextmanager
    async def subscribe(
        self, cover: frozenset[Key]
    ) -> AsyncIterator["DirSubscription"]:
        """Open a subscription; leaving the block ends its threads."""
        subscription = DirSubscription(self._root, poll=self._poll)
        subscription.cover(cover)
        reaper = Reaper(self._root)
        async with asyncio.TaskGroup() as group:
            reaping = group.create_task(reaper.run(), name=f"reap {self.shown}")
            try:
                yield subscription
            finally:
                reaping.cancel()
                subscription.close()


class DirSubscription:
    """The covered part of a folder, as of the last look at it."""

    def __init__(self, root: str, *, poll: bool) -> None:
        self._root = root
        self._poll = poll
        self._open = ExitStack()
        self._folder = (0, 0)
        self._dirty: Dirty | None = None
        self._cover: frozenset[Key] = frozenset()
        self._loaded: frozenset[Key] = frozenset()
        self._known: dict[Key, Mark] = {}
        self._revisions = itertools.count(1)
        self._bell = asyncio.Event()
        self._moved_at = asyncio.get_running_loop().time()
        self._rescan_at = self._moved_at
        self._cost_s = 0.0

    def cover(self, prefixes: frozenset[Key]) -> None:
        """Widen or narrow what is looked at."""
        self._cover = outermost(prefixes)
        self._loaded = frozenset(
            one for one in self._cover if is_covered(one, self._loaded)
        )
        # A new one: a look that is under way still goes by the old one.
        known = self._known.items()
        self._known = {k: mark for k, mark in known if is_covered(k, self._loaded)}
        self._bell.set()

    def refused(self) -> None:
        """Tell nothing: what cannot be read fails all of it."""

    def moved_at(self) -> float:
        """Tell when the folder could last be looked at."""
        return self._moved_at

    async def next(self) -> StoreEvent:
        """Return the next event.

        Raises:
            SourceUnavailable, SourceRejected: the folder or a file cannot be read.
        """
        loop = asyncio.get_running_loop()
        while True:
            dirty = self._watching()
            if dirty.everything:
                # From look to look: what is told in between does not put it off.
                self._rescan_at = loop.time() + rest_s(self._cost_s, poll=self._poll)
            event = await self._look(dirty)
            self._moved_at = loop.time()
            if event is not None:
                return event
            await self._rung_or_late(dirty)

    async def _rung_or_late(self, dirty: Dirty) -> None:
        """Wait for a bell, or until it is time to look at the folder, or at all."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(min(self._rescan_at, loop.time() + SAME_S)):
                await self._bell.wait()
        except TimeoutError:
            dirty.everything |= loop.time() >= self._rescan_at

    def close(self) -> None:
        """Stop watching, and forget: what comes next begins with a whole picture."""
        self._open.close()
        self._dirty = None
        self._loaded = frozenset()
        self._known = {}

    def _watching(self) -> Dirty:
        """Return what changed; begin to watch where that is not done, or in vain."""
        if self._dirty is not None and self._dirty.lost:
            self.close()  # another one may have the same number, and is not watched
        with translated(self._root):
            folder = _identity(self._root)
            if self._dirty is not None and folder != self._folder:
                self.close()  # another one in its place, such as below a lost mount
            if self._dirty is None:
                self._folder = folder
                self._dirty = self._watch()
        return self._dirty

    def _watch(self) -> Dirty:
        """Begin to watch; where the kernel has no watches left, look again and again.

        Raises:
            OSError: the folder cannot be watched for another reason.
        """
        if not self._poll:
            try:
                return self._open.enter_context(watched(self._root, self._bell))
            except OSError as error:
                if error.errno not in _UNWATCHABLE:
                    raise
                self._poll = True
        return Dirty(self._bell)

    async def _look(self, dirty: Dirty) -> StoreEvent | None:
        """Look at what has to be looked at; what fails is looked at again."""
        self._bell.clear()
        new = self._cover - self._loaded
        if new:
            seen = await self._seen(lambda: look(self._root, new, {}))
            self._cost_s = seen.cost_s
            new &= self._cover
            self._loaded = outermost(self._loaded | new)
            return Loaded(new, self._take(seen), self._covered(seen)) if new else None
        everything, dirty.everything = dirty.everything, False
        paths, dirty.at_once = dirty.at_once, set()
        keys = self._loaded if everything else self._keys(paths)
        if not keys:
            return None
        known = self._known
        try:
            seen = await self._seen(lambda: look(self._root, keys, known))
            if everything:
                self._cost_s = seen.cost_s
        except BaseException:
            dirty.everything |= everything
            dirty.at_once |= paths
            raise
        if self._cover != self._loaded:
            # Widened meanwhile: the new scopes come first, and then another look.
            self._bell.set()
        revision = self._take(seen)
        gone = frozenset(seen.gone)
        put = self._covered(seen)
        return Changed(revision, put, gone) if put or gone else None

    async def _seen(self, work: Callable[[], Look]) -> Look:
        """Look in a thread.

        Raises:
            SourceUnavailable, SourceRejected: something cannot be read.
        """
        try:
            with translated(self._root):
                return await finish(work)
        except SourceError:
            self.close()
            raise

    def _take(self, seen: Look) -> Revision:
        """Remember what was seen, as far as it is still covered."""
        for key in seen.gone:
            self._known.pop(key, None)
        marks = seen.marks.items()
        self._known |= {k: mark for k, mark in marks if is_covered(k, self._loaded)}
        return Revision(str(next(self._revisions)))

    def _covered(self, seen: Look) -> dict[Key, bytes]:
        """Return the values that were read, as far as they are still covered."""
        values = seen.values.items()
        return {key: raw for key, raw in values if is_covered(key, self._loaded)}

    def _keys(self, paths: set[str]) -> frozenset[Key]:
        """Return what to look at for some paths that changed."""
        keys = {key for path in paths if (key := key_of(self._root, path))}
        if ROOT in keys:
            return self._loaded
        inside = {key for key in keys if is_covered(key, self._loaded)}
        # A folder above what is covered came or went, and took it along.
        above = {one for one in self._loaded if is_covered(one, keys)}
        return outermost(inside | above)


def rest_s(cost_s: float, *, poll: bool) -> float:
    """Return the seconds between two looks at everything, of which one costs *cost_s*.

    Ten thousand files are looked at in a tenth of a second: done every second or every
    half minute, that is most of what an idle daemon would do.
    """
    if poll:
        return min(max(POLL_S, POLL_SHARE * cost_s), MOST_POLL_S)
    return min(max(RESCAN_S, RESCAN_SHARE * cost_s), MOST_RESCAN_S)


def _identity(root: str) -> tuple[int, int]:
    """Return what tells one folder from another of the same name."""
    found = os.stat(root)
    return found.st_dev, found.st_ino
