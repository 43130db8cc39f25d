"""Watches the whole way to some paths: every folder, and every link on it.

What happens to a name on the way, or to what it leads to, touches the path: a link
turned elsewhere, a folder moved, made or removed, a file written. The path is then
walked anew, so the new place is watched as well. Any event only says "look".
"""

import asyncio
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeAlias

from confwatch.aio.threads import finish
from confwatch.daemon.inotify import CONTENTS, NAMES, Inotify, Told
from confwatch.disk.links import Way, way_to

SETTLE_S = 0.05
"""Who writes a file does so in several steps; after this the last of them is done."""
_TRIES = 3

Steps: TypeAlias = tuple[tuple[str, str], ...]
"""Folders, each with the name in it that matters; "" for the watched file itself."""


class Trails:
    """The ways that are watched now.

    Attributes:
        bell: rung where there is a reason to look.
    """

    def __init__(self) -> None:
        """Begin with none; where the kernel has nothing left, nothing is ever told."""
        self.bell = asyncio.Event()
        self._touched: set[str] = set()
        self._ways: dict[str, Steps] = {}
        self._paths: defaultdict[str, defaultdict[str, set[str]]] = defaultdict(
            lambda: defaultdict(set)
        )
        self._watches: dict[str, int] = {}
        self._folders: defaultdict[int, set[str]] = defaultdict(set)
        self._early: list[Told] = []
        self._walking = False
        self._inotify: Inotify | None
        try:
            self._inotify = Inotify(self._heard)
        except OSError:
            self._inotify = None

    def close(self) -> None:
        """Watch nothing any more."""
        if self._inotify is not None:
            self._inotify.close()

    def doubt(self, paths: Iterable[str]) -> None:
        """Take paths as touched: they changed, and the kernel may not have told.

        What it does not tell, a mount for one, may have led them elsewhere.
        """
        self._touched |= self._ways.keys() & {*paths}
        if self._touched:
            self.bell.set()

    async def follow(self, paths: Iterable[str]) -> set[str]:
        """Watch the ways to just these paths.

        Args:
            paths: absolute.

        Returns:
            Those that something happened to since the last call, or that were not
            watched until now.
        """
        wanted = {*paths}
        for path in self._ways.keys() - wanted:
            self._forget(path)
        new = wanted - self._ways.keys()
        self._touched = (self._touched & wanted) | new
        if self._inotify is None:
            self._ways |= dict.fromkeys(new, ())
        return await self.touched()

    async def touched(self) -> set[str]:
        """Return the followed paths that something happened to since the last call."""
        touched, self._touched = self._touched, set()
        if self._inotify is not None and touched:
            await self._walk(self._inotify, touched)
        return touched

    async def rung(self, due_at: float) -> bool:
        """Wait for a bell and for calm after it; False where it is time to look."""
        try:
            async with asyncio.timeout_at(due_at):
                await self.bell.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(SETTLE_S)
        self.bell.clear()
        return asyncio.get_running_loop().time() < due_at

    async def _walk(self, inotify: Inotify, paths: set[str]) -> None:
        """Walk some ways anew; what is told meanwhile is of use only then."""
        self._walking = True
        try:
            known = dict(self._watches)
            found = await finish(lambda: _watch_ways(inotify, paths, known))
        finally:
            self._walking = False
        self._take(*found)

    def _take(self, ways: dict[str, Steps], watches: dict[str, int]) -> None:
        """Take up what was walked, and what was told before it was known."""
        ways = {one: way for one, way in ways.items() if self._ways.get(one) != way}
        for path in ways:
            self._forget(path)
        for folder, watch in watches.items():
            if self._watches.get(folder) == watch:
                continue
            self._unwatch(folder)
            self._watches[folder] = watch
            self._folders[watch].add(folder)
        for path, steps in ways.items():
            self._ways[path] = steps
            for folder, name in steps:
                self._paths[folder][name].add(path)
        for folder in [one for one in self._watches if one not in self._paths]:
            self._unwatch(folder)
        early, self._early = self._early, []
        self._heard([one for one in early if one.watch in self._folders])

    def _forget(self, path: str) -> None:
        """Drop one way; its watches stay until the next one is taken up."""
        for folder, name in self._ways.pop(path, ()):
            names = self._paths.get(folder)
            if names is None or name not in names:
                continue
            names[name].discard(path)
            if not names[name]:
                del names[name]
            if not names:
                del self._paths[folder]

    def _unwatch(self, folder: str) -> None:
        """Watch a folder no more, if nobody knows it by another name."""
        watch = self._watches.pop(folder, None)
        if watch is None:
            return
        self._folders[watch].discard(folder)
        if not self._folders[watch]:
            del self._folders[watch]
            if self._inotify is not None:
                self._inotify.leave(watch)

    def _heard(self, told: list[Told]) -> None:
        """Find out whom it concerns, and ring for them."""
        for one in told:
            if one.watch < 0:  # the kernel dropped events
                self._touched |= self._ways.keys()
            elif one.watch not in self._folders:
                if self._walking:
                    self._early.append(one)
            else:
                for folder in self._folders[one.watch]:
                    self._touched |= self._concerned(folder, one)
        if self._touched:
            self.bell.set()

    def _concerned(self, folder: str, told: Told) -> set[str]:
        """Return the paths whose way an event may have changed."""
        names = self._paths.get(folder)
        if names is None:
            return set()
        if told.lost:
            return {path for paths in names.values() for path in paths}
        return names.get(told.name, set())


def _watch_ways(
    inotify: Inotify, paths: set[str], known: Mapping[str, int]
) -> tuple[dict[str, Steps], dict[str, int]]:
    """Watch all ways, until they are as they were when they were watched. Blocks.

    Args:
        inotify: where they are watched.
        paths: where the ways lead to.
        known: the watches until now, by folder.
    """
    watches: dict[str, int] = {}
    ways = _walked(paths)
    for _ in range(_TRIES):
        before = {**known, **watches}
        for folder, mask in _masks(ways).items():
            try:
                watches[folder] = inotify.watch(folder, mask)
            except OSError:  # then it is looked at from time to time
                watches.pop(folder, None)
        if before.items() >= watches.items():
            break  # all of it was watched before it was walked
        ways = _walked(paths)
    return ways, watches


def _walked(paths: set[str]) -> dict[str, Steps]:
    """Return where each path leads."""
    mounts = _mounts()
    looked: dict[str, str | int] = {}
    return {path: _steps(way_to(path, looked), mounts) for path in paths}


def _steps(way: Way, mounts: frozenset[str]) -> Steps:
    """Return the steps; the folder of a file mounted alone hears nothing of it."""
    alone = way.end in mounts and way.problem is None
    return (*way.steps, (way.end, "")) if alone else way.steps


def _masks(ways: dict[str, Steps]) -> dict[str, int]:
    """Return what each folder is watched for: contents where a path may end."""
    masks: defaultdict[str, int] = defaultdict(int)
    for steps in ways.values():
        for folder, name in steps:
            masks[folder] |= NAMES if name else CONTENTS
        for folder, name in steps[-1:]:
            masks[folder] |= CONTENTS if name else 0
        for folder, name in steps[-2:-1]:
            masks[folder] |= CONTENTS if name else 0
    return masks


def _mounts() -> frozenset[str]:
    """Return where something is mounted."""
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return frozenset()
    return frozenset(os.fsdecode(_plain(line.split(b" ")[4])) for line in lines)


def _plain(escaped: bytes) -> bytes:
    """Undo the octal escapes of the kernel's list."""
    return re.sub(rb"\\([0-7]{3})", lambda one: bytes([int(one[1], 8)]), escaped)
