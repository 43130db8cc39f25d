"""Random waits, so that a fleet does not move in step."""

import random


def spread(wait_s: float, part: float) -> float:
    """Return a wait that differs from *wait_s* by at most *part* of it either way."""
    return wait_s * (1 + part * (2 * random.random() - 1))  # noqa: S311 - no secret
