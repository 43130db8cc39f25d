"""Write next contents beside their targets, hidden, complete and synced."""

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from confwatch.disk.failing import failing
from confwatch.disk.names import stage_path
from confwatch.disk.present import mark_of
from confwatch.model.steps import Compared, Comparison, Mark, Staged, StagedFile

_NOT_OURS = frozenset({errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.EINVAL})


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
                with failing(template.dest, "make the folders of"):
                    os.makedirs(os.path.dirname(comparison.target), exist_ok=True)
            path = stage_path(comparison.target)
            stages.callback(_remove, path)
            with failing(template.dest, "stage"):
                mark = _write(path, comparison)
            files.append(StagedFile(comparison, path, mark))
        yield Staged(compared, tuple(files))


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
                _copy_attributes(comparison.target, descriptor)
        os.fchmod(descriptor, comparison.mode)
        left = memoryview(comparison.file.content)
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
        return mark_of(os.fstat(descriptor))
    finally:
        os.close(descriptor)


def _copy_attributes(target: str, descriptor: int) -> None:
    """Give a stage the extended attributes of its target, its access list among them.

    Not those that only the system may set, and that it sets by itself.
    """
    try:
        names = os.listxattr(target, follow_symlinks=False)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return
        raise
    for name in names:
        try:
            value = os.getxattr(target, name, follow_symlinks=False)
            os.setxattr(descriptor, name, value)
        except OSError as error:
            by_itself = name.startswith(("security.", "trusted."))
            if not (by_itself and error.errno in _NOT_OURS):
                raise


def _remove(path: str) -> None:
    """Remove a stage, if it is still one."""
    with suppress(OSError):
        os.unlink(path)
