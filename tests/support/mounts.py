"""File systems of a test's own, where the kernel lets us mount some."""

import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(where: Path, *how: str) -> Iterator[Path]:
    """Hold something mounted for the block; ``mount`` is given *how*, then the path."""
    if os.geteuid() != 0 or not mount(*how, str(where)):
        pytest.skip("needs to mount, as root")
    try:
        yield where
    finally:
        subprocess.run(["umount", "-l", str(where)], check=True)


def mount(*how: str) -> bool:
    """Mount; tell whether that was possible."""
    return subprocess.run(["mount", *how], check=False).returncode == 0


def access_list(*entries: tuple[int, int, int]) -> bytes:
    """Return an access list as the kernel stores it: of tag, permissions and number."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *e) for e in entries)


NOBODY = 0xFFFFFFFF
USER_12_READS = access_list(
    (0x01, 6, NOBODY),
    (0x02, 4, 12),
    (0x04, 4, NOBODY),
    (0x10, 4, NOBODY),
    (0x20, 0, NOBODY),
)
"""``user::rw- user:12:r-- group::r-- mask::r-- other::---``"""
