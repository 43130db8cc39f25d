"""Hold rendered files against what is there."""

import grp
import os
import pwd
import stat
from collections.abc import Callable
from types import MappingProxyType

from confwatch.disk.present import look, mark_of
from confwatch.disk.targets import real_target
from confwatch.errors import DiskError
from confwatch.model.steps import (
    Compared,
    Comparison,
    Known,
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
    target = real_target(dest, may_lack_folders=file.template.make_dirs)
    found, present = look(dest, target, known.get(dest))
    mode, uid, gid = _wanted(file, target, found)
    digest = digest_of(file.content)
    same = (
        found is not None
        and present == digest
        and (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)
        == (mode, uid, gid)
    )
    mark = None if found is None else mark_of(found)
    return Comparison(file, target, digest, present, same, mode, uid, gid, mark)


def _wanted(
    file: RenderedFile, target: str, found: os.stat_result | None
) -> tuple[int, int, int]:
    """Return mode, uid and gid as declared, else as they are, else as usual."""
    template = file.template
    new_mode = NEW_SECRET_MODE if file.secret else NEW_MODE
    mode = stat.S_IMODE(found.st_mode) if found is not None else new_mode
    uid = found.st_uid if found is not None else os.geteuid()
    gid = found.st_gid if found is not None else _new_group(target)
    return (
        mode if template.mode is None else template.mode,
        _number(template.dest, template.owner, uid, lambda n: pwd.getpwnam(n).pw_uid),
        _number(template.dest, template.group, gid, lambda n: grp.getgrnam(n).gr_gid),
    )


def _new_group(target: str) -> int:
    """Return the group that a new file gets: its folder's, where that is so set."""
    folder = os.path.dirname(target)
    while True:
        try:
            above = os.stat(folder)
        except OSError:
            if folder == (folder := os.path.dirname(folder)):
                return os.getegid()
            continue
        return above.st_gid if above.st_mode & stat.S_ISGID else os.getegid()


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
