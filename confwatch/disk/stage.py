"""Write next contents beside their targets, hidden, complete and synced."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from confwatch.disk.aside import may_stand_aside, path_aside, remove
from confwatch.disk.attributes import copy_attributes
from confwatch.disk.failing import failing
from confwatch.disk.folders import make_folders
from confwatch.disk.names import stage_path
from confwatch.disk.present import mark_of
from confwatch.model.steps import Compared, Comparison, Mark, Staged, StagedFile


@contextmanager
def stage(compared: Compared) -> Iterator[Staged]:
    """Hold the stages of all differing files; what was not moved goes with the block.

    Blocks.

    Raises:
        DiskError: one of them cannot be written; none is left.
    """
    with ExitStack() as stages:
        files = []
        for comparison in compared.differing:
            template = comparison.file.template
            if template.make_dirs:
                owner = (comparison.uid, comparison.gid)
                with failing(template.dest, "make the folders of"):
                    make_folders(os.path.dirname(comparison.target), owner, stages)
            with failing(template.dest, "stage"):
                files.append(_staged(comparison, stages))
        yield Staged(compared, tuple(files))


def _staged(comparison: Comparison, stages: ExitStack) -> StagedFile:
    """Stage one file beside its target, or where only the target may be written, aside.

    Raises:
        OSError, DiskError: it cannot be written.
    """
    target = comparison.target
    path = stage_path(target)
    stages.callback(remove, path, target)
    try:
        return StagedFile(comparison, path, _write(path, comparison))
    except OSError as error:
        if not may_stand_aside(error, target):
            raise
    path = path_aside(target)
    stages.callback(remove, path, target)
    return StagedFile(comparison, path, _write(path, comparison))


def _write(path: str, comparison: Comparison) -> Mark:
    """Write one stage; mode and owner are right before its first byte is."""
    dest = comparison.file.template.dest
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        made = os.fstat(descriptor)
        if (made.st_uid, made.st_gid) != (comparison.uid, comparison.gid):
            with failing(dest, "keep or set the owner of"):
                os.fchown(descriptor, comparison.uid, comparison.gid)
        if comparison.present is not None:
            with failing(dest, "keep the attributes of"):
                copy_attributes(comparison.target, descriptor)
        os.fchmod(descriptor, comparison.mode)
        left = memoryview(comparison.file.content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
        return mark_of(os.fstat(descriptor))
    finally:
        os.close(descriptor)
