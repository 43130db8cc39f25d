"""How long to wait before the next attempt."""

from dataclasses import dataclass, field

from confwatch.aio.spread import part_of


@dataclass(slots=True)
class Backoff:
    """Waits that double from *first_s* to *most_s* until something went well.

    Attributes:
        first_s: the first wait, in seconds.
        most_s: no wait is longer.
        jitter: which part of a wait is random, 0 to 1; 1 spreads a fleet best.
    """

    first_s: float
    most_s: float
    jitter: float = 0.0
    failures: int = field(default=0, init=False)

    def next(self) -> float:
        """Count one more failure and return the seconds to wait for it."""
        # Capped: 2**failures would overflow a float after a thousand failures.
        wait_s = min(self.first_s * 2.0 ** min(self.failures, 60), self.most_s)
        self.failures += 1
        return wait_s - part_of(self.jitter * wait_s)

    def reset(self) -> None:
        """Begin again with *first_s*."""
        self.failures = 0
