"""Targets that are not as they were left: put right, reported, or not fought over."""

import asyncio
import dataclasses
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from confwatch.disk.compare import compare
from confwatch.disk.install import install
from confwatch.disk.present import content
from confwatch.disk.stage import stage
from confwatch.errors import DiskError
from confwatch.model.facts import Cause, Drifted, Reason, Tell
from confwatch.model.keys import Ref
from confwatch.model.reads import Reads
from confwatch.model.records import Proven
from confwatch.model.resource import Resource
from confwatch.model.steps import (
    Compared,
    Comparison,
    Installed,
    Known,
    Mark,
    Rendered,
    RenderedFile,
    digest_of,
)
from confwatch.pipeline.check import passed_before

FIGHT_TIMES = 3
FIGHT_S = 60.0
"""Put right this often in this time, somebody else wants the target otherwise."""
KEPT_BYTES = 1 << 20
"""What is larger is not kept in memory, and takes a pass to be put right."""
_LOOK_AGAIN: Mark = ()
"""The mark of no file."""


class Drift:
    """What one resource left in place, and how often it had to be put right.

    Attributes:
        seen: the targets that are others now and are left so.
        known: how the last pass left the targets.
        populated: prefixes that had keys when they were rendered.
        secret: whether their render read a secret.
    """

    def __init__(self, resource: Resource, tell: Tell) -> None:
        self.seen: tuple[str, ...] = ()
        self.known: Known = {}
        self.populated: frozenset[Ref] = frozenset()
        self.secret = False
        self._resource = resource
        self._tell = tell
        self._kept: dict[str, RenderedFile] = {}
        self._repairs: defaultdict[str, deque[float]] = defaultdict(
            lambda: deque(maxlen=FIGHT_TIMES)
        )

    def left(
        self, compared: Compared, installed: Installed | None, populated: frozenset[Ref]
    ) -> None:
        """Note how a pass left all targets."""
        self.known = _known(compared, installed)
        self.populated = populated
        self.secret = any(one.secret for one in compared.rendered.files)
        small = [one for one in compared.files if len(one.file.content) <= KEPT_BYTES]
        self._kept = {one.file.template.dest: _as_left(one) for one in small}
        self.seen = ()

    def recall(self, proven: Proven) -> None:
        """Take up what an earlier run left, if all of it is just what was proven.

        Until the first pass of this run there is nothing else to put right from.
        Blocks.
        """
        files, known = [], {}
        for template in self._resource.templates:
            dest = template.dest
            found = content(dest, KEPT_BYTES)
            if found is None or digest_of(found[1]) != proven.digests.get(dest):
                return
            known[dest] = (found[0], digest_of(found[1]))
            # What was secret then is not known now.
            files.append(RenderedFile(template, found[1], secret=True))
        try:
            compared = compare(Rendered(self._resource, tuple(files), Reads()), known)
        except DiskError:
            return  # its pass tells
        self.left(compared, None, proven.populated)

    def repaired(self, dests: Iterable[str]) -> None:
        """Note that these targets had to be put right."""
        now = asyncio.get_running_loop().time()
        for dest in dests:
            self._repairs[dest].append(now)

    def put_back(self, now: Mapping[str, Mark]) -> None:
        """Note what a refused pass put back: what is other now has to be read again.

        Args:
            now: marks of the targets that were put back.
        """
        self.known = {
            dest: (mark if now.get(dest, mark) == mark else _LOOK_AGAIN, digest)
            for dest, (mark, digest) in self.known.items()
            if now.get(dest, mark) == mark or self._resource.repair_drift
        }

    def judge(self, now: Mapping[str, Mark]) -> Cause | None:
        """Return which targets are to be put right; None where there are none.

        Args:
            now: marks of targets, of other resources too.
        """
        left = self.known.items()
        other = tuple(dest for dest, (mark, _) in left if now.get(dest, mark) != mark)
        fought = tuple(dest for dest in other if self._is_fight(dest))
        left_so = fought if self._resource.repair_drift else other
        # What was not looked at now is as it was before.
        seen = tuple(dest for dest in self.seen if dest not in now) + left_so
        if {*seen} - {*self.seen}:
            self._tell(Drifted(self._resource.name, left_so, bool(fought)))
        self.seen = seen
        wanted = tuple(dest for dest in other if dest not in left_so)
        if not wanted:
            return None
        return Cause(frozenset({Reason.DRIFT}), wanted, len(wanted))

    def put_right(
        self, dests: Iterable[str], proven: Mapping[str, str]
    ) -> tuple[Compared, Installed | None] | None:
        """Install again what was left in place; None where that takes a pass. Blocks.

        No check runs: it let just these bytes pass.

        Args:
            dests: some of the targets.
            proven: dest to digest of what the service last loaded.

        Raises:
            DiskError: nothing was installed, or all of it was put back.
        """
        dests = [*dests]
        if not self._kept.keys() >= {*dests}:
            return None
        files = tuple(self._kept[dest] for dest in dests)
        compared = compare(Rendered(self._resource, files, Reads()), self.known)
        if not compared.differing:
            return compared, None
        with stage(compared) as staged:
            installed = install(passed_before(staged), proven=proven)
        every = {dest: digest for dest, (_, digest) in self.known.items()}
        return compared, replace(installed, digests=every)

    def put_right_so(self, compared: Compared, installed: Installed | None) -> None:
        """Note how some targets were left; no pass was made."""
        self.known = {**self.known, **_known(compared, installed)}
        if installed is not None:
            self.repaired(installed.changed)

    def _is_fight(self, dest: str) -> bool:
        """Tell whether the last repairs came too close upon each other."""
        repairs = self._repairs[dest]
        now = asyncio.get_running_loop().time()
        return len(repairs) == FIGHT_TIMES and now - repairs[0] < FIGHT_S


def _as_left(one: Comparison) -> RenderedFile:
    """Return a target with the mode and owner it was left with."""
    template = dataclasses.replace(
        one.file.template, mode=one.mode, owner=one.uid, group=one.gid, check=None
    )
    return replace(one.file, template=template)


def _known(compared: Compared, installed: Installed | None) -> Known:
    """Return the marks and digests of targets after they were brought."""
    marks = {} if installed is None else installed.marks
    known = {}
    for one in compared.files:
        dest = one.file.template.dest
        known[dest] = (marks.get(dest, one.mark), one.digest)
    return known
