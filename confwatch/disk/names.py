"""The hidden files we make beside a target, and how they are known again."""

import os
import re
import secrets

_MAX_NAME_BYTES = 200
"""Of 255 that most file systems allow; the rest is ours."""
_STAGE = re.compile(r"\.confwatch-[0-9a-f]{8}-(.+)", re.DOTALL)


def stage_path(target: str) -> str:
    """Return a new name beside *target*; its ending stays, for checks that look."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".confwatch-{secrets.token_hex(4)}-{_cut(name)}")


def proven_path(target: str) -> str:
    """Return where the last proven version of *target* is kept."""
    folder, name = os.path.split(target)
    return os.path.join(folder, f".confwatch-prev-{_cut(name)}")


def is_stage_of(name: str, target: str) -> bool:
    """Tell whether *name* is a stage of *target*, by any run of ours."""
    found = _STAGE.fullmatch(name)
    return found is not None and found[1] == _cut(os.path.basename(target))


def _cut(name: str) -> str:
    """Cut the front off a name that is too long to put anything before it."""
    return os.fsdecode(os.fsencode(name)[-_MAX_NAME_BYTES:])
