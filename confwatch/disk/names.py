"""The hidden files we make beside a target, and how they are known again."""

import os
import re
import secrets
from collections.abc import Iterable
from hashlib import sha256

_WHOLE_BYTES = 100
"""File systems allow 255 bytes a name, some 143; the rest is ours."""
_GOES_ON = bytes(range(0x80, 0xC0))
_STAGE = re.compile(r"\.confwatch-[0-9a-f]{8}-(.+)", re.DOTALL)


def stage_path(target: str) -> str:
    """Return a new name beside *target*; its ending stays, for checks that look."""
    return _beside(target, secrets.token_hex(4))


def proven_path(target: str) -> str:
    """Return where the last proven version of *target* is kept."""
    return _beside(target, "prev")


def undo_path(target: str, *, first: bool) -> str:
    """Return where *target* is kept as it was before an install nobody judged yet.

    Args:
        target: what was replaced.
        first: whether it is the first that was.
    """
    return _beside(target, "undo1" if first else "undo")


def stages_among(names: Iterable[str], targets: Iterable[str]) -> list[str]:
    """Pick the stages of some targets, by any run of ours, from a folder's names."""
    wanted = {_cut(os.path.basename(target)) for target in targets}
    found = ((name, _STAGE.fullmatch(name)) for name in names)
    return [name for name, of in found if of is not None and of[1] in wanted]


def _beside(target: str, mark: str) -> str:
    folder, name = os.path.split(target)
    return os.path.join(folder, f".confwatch-{mark}-{_cut(name)}")


def _cut(name: str) -> str:
    """Cut the front off a name that is too long to put anything before it.

    What stands for the front tells apart names that end alike.
    """
    raw = os.fsencode(name)
    if len(raw) <= _WHOLE_BYTES:
        return name
    # Not from the middle of a character of UTF-8 on.
    tail = raw[-_WHOLE_BYTES:].lstrip(_GOES_ON)
    return f"{sha256(raw).hexdigest()[:8]}-{os.fsdecode(tail)}"
