"""What targets are now."""

from collections.abc import Iterable

from confwatch.disk.targets import real_target
from confwatch.errors import DiskError
from confwatch.model.steps import digest_of


def digests(dests: Iterable[str]) -> dict[str, str | None]:
    """Return each target's digest; None where it is absent or cannot be read.

    Blocks.
    """
    return {dest: digest(dest) for dest in dests}


def digest(dest: str) -> str | None:
    """Return one target's digest; None as above."""
    try:
        with open(real_target(dest), "rb") as file:
            return digest_of(file.read())
    except (OSError, DiskError):
        return None
