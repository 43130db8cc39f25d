"""Random waits, so that a fleet does not move in step."""

import random

_CHANCE = random.SystemRandom()


def part_of(most_s: float) -> float:
    """Return some part of *most_s*, from nothing to all of it."""
    return most_s * _CHANCE.random()


def spread(wait_s: float, part: float) -> float:
    """Return a wait that differs from *wait_s* by at most *part* of it either way."""
    most_s = wait_s * part
    return wait_s - most_s + part_of(2 * most_s)
