"""Hold rendered files against what is there."""

import grp
import os
import pwd
import stat
from collections.abc import Callable
from types import MappingProxyType

from confwatch.disk.failing import failing
from confwatch.disk.present import mark_of
from confwatch.disk.targets import real_target
from confwatch.errors import DiskError
from confwatch.model.steps import (
    Compared,
    Comparison,
    Known,
    Mark,
    Rendered,
    RenderedFile,
    digest_of,
)

NEW_MODE = 0o644
NEW_SECRET_MODE = 0o600


def compare(rendered: Rendered, known: Known = MappingProxyType({})) -> Compared:
    """Return how each target differs from what it should be. Blocks.

    Args:
        rendered: what the targets should be.
        known: how an earlier pass left them; what is still marked so is not read.

    Raises:
        DiskError: a target cannot be looked at, or its owner is not known here.
    """
    return Compared(rendered, tuple(_compare(one, known) for one in rendered.files))


def _compare(file: RenderedFile, known: Known) -> Comparison:
    """Compare one file: content, mode, owner and group."""
    dest = file.template.dest
    # Folders are made with the stage: to compare changes nothing.
    missing = file.template.make_dirs and not os.path.isdir(os.path.dirname(dest))
    target = dest if missing else real_target(dest)
    found, present = _look(dest, target, known.get(dest))
    mode, uid, gid = _wanted(file, found)
    digest = digest_of(file.content)
    same = (
        found is not None
        and present == digest
        and (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        == (mode, uid, gid)
    )
    mark = None if found is None else mark_of(found)
    return Comparison(file, target, digest, present, same, mode, uid, gid, mark)


def _look(
    dest: str, target: str, known: tuple[Mark, str] | None
) -> tuple[os.stat_result | None, str | None]:
    """Return what a target is and the digest of its content; None where none is."""
    with failing(dest, "read"):
        try:
            # Not to be held up by a FIFO, nor led away by a link made just now.
            flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
            descriptor = os.open(target, flags)
        except FileNotFoundError:
            return None, None
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise DiskError(dest, None, "replace", "it is not a regular file")
            if known is not None and known[0] == mark_of(found):
                return found, known[1]
            with os.fdopen(descriptor, "rb", closefd=False) as opened:
                return found, digest_of(opened.read())
        finally:
            os.close(descriptor)


def _wanted(file: RenderedFile, found: os.stat_result | None) -> tuple[int, int, int]:
    """Return mode, uid and gid as declared, else as they are, else as usual."""
    template = file.template
    new_mode = NEW_SECRET_MODE if file.secret else NEW_MODE
    mode = stat.S_IMODE(found.st_mode) if found is not None else new_mode
    uid = found.st_uid if found is not None else os.geteuid()
    gid = found.st_gid if found is not None else os.getegid()
    return (
        mode if template.mode is None else template.mode,
        _number(template.dest, template.owner, uid, lambda n: pwd.getpwnam(n).pw_uid),
        _number(template.dest, template.group, gid, lambda n: grp.getgrnam(n).gr_gid),
    )


def _number(
    dest: str, named: str | int | None, present: int, look_up: Callable[[str], int]
) -> int:
    """Return the number of an owner or group.

    Raises:
        DiskError: nobody has this name here.
    """
    if named is None:
        return present
    if isinstance(named, int):
        return named
    try:
        return look_up(named)
    except KeyError as error:
        raise DiskError(dest, None, "own", f"nobody here is named {named}") from error
