"""What a row of answers of one check amounts to. Pure."""

from confwatch.model.health import Status

_ORDER = (Status.PASSING, Status.WARNING, Status.CRITICAL)
_RANK = {status: rank for rank, status in enumerate(_ORDER)}


class Verdict:
    """Counts answers from zero: nothing is known before ``rise`` or ``fall`` of them.

    The last *fall* answers make it as bad as the best of them, the last *rise* answers
    as good as the worst of them; between the two it stays as it is.

    Attributes:
        status: None before the first verdict.
    """

    def __init__(self, rise: int, fall: int) -> None:
        """Know nothing yet.

        Args:
            rise: answers in a row that make it better.
            fall: answers in a row that make it worse.
        """
        self.status: Status | None = None
        self._rise, self._fall = rise, fall
        # By rank: how many answers in a row were at least as bad, at most as bad.
        self._bad = dict.fromkeys((1, 2), 0)
        self._good = dict.fromkeys((0, 1), 0)

    def take(self, answer: Status) -> bool:
        """Count one answer; tell whether the verdict is another one now."""
        before = self.status
        rank = _RANK[answer]
        self._bad = {k: n + 1 if rank >= k else 0 for k, n in self._bad.items()}
        self._good = {k: n + 1 if rank <= k else 0 for k, n in self._good.items()}
        worse = [k for k, n in self._bad.items() if n >= self._fall]
        better = [k for k, n in self._good.items() if n >= self._rise]
        current = None if before is None else _RANK[before]
        if worse and (current is None or max(worse) > current):
            self.status = _ORDER[max(worse)]
        elif better and (current is None or min(better) < current):
            self.status = _ORDER[min(better)]
        return self.status is not before


def worst(statuses: list[Status | None]) -> Status | None:
    """Return what all checks of a service amount to; passing where it has none.

    None is a check without a verdict: worse than a warning, better than a failure.
    """
    if Status.CRITICAL in statuses:
        return Status.CRITICAL
    if None in statuses:
        return None
    return Status.WARNING if Status.WARNING in statuses else Status.PASSING
