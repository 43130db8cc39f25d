"""What a refusal of etcd means, by gRPC's code and by etcd's own words. Pure."""

from confwatch.errors import SourceError, SourceRejected, SourceUnavailable

NOT_FOUND, DENIED, EXHAUSTED, OUT_OF_RANGE = 5, 7, 8, 11
INVALID, PRECONDITION, UNAUTHENTICATED = 3, 9, 16
"""gRPC's codes."""
FULL, BUSY = "database space exceeded", "too many requests"
"""What etcd says under one code: nothing helps until it is compacted, or just wait."""


class RequestRefused(SourceRejected):
    """Not us, but what was asked for: by its size, its form, or for want of space."""


class Denied(RequestRefused):
    """The user may not do this, here."""


class Compacted(SourceUnavailable):
    """What was asked for is history that etcd has dropped."""


class Ahead(SourceUnavailable):
    """The store has not come to the revision that was asked for."""


class NotFound(SourceRejected):
    """There is no such lease."""


class Stale(SourceUnavailable):
    """The token is not known (any more)."""


_KINDS: dict[int, type[SourceError]] = {
    INVALID: RequestRefused,
    NOT_FOUND: NotFound,
    DENIED: Denied,
    EXHAUSTED: RequestRefused,
    OUT_OF_RANGE: SourceRejected,
    PRECONDITION: SourceRejected,
    UNAUTHENTICATED: Stale,
}


_BY_WORDS: tuple[tuple[int, str, type[SourceError]], ...] = (
    (INVALID, "user name", Stale),
    (INVALID, "auth store is old", Stale),
    (OUT_OF_RANGE, "compacted", Compacted),
    (OUT_OF_RANGE, "future revision", Ahead),
    (EXHAUSTED, BUSY, SourceUnavailable),
)
"""Codes that mean several things, told apart by what a message says."""


def meaning(code: int, message: str) -> tuple[type[SourceError] | None, str]:
    """Return the kind of error, and what to say; no kind where the member is unwell.

    Args:
        code: gRPC's.
        message: etcd's words.
    """
    if code == EXHAUSTED and FULL in message:
        message = f"it has no space left (NOSPACE): {message}"
    for of, words, kind in _BY_WORDS:
        if code == of and words in message:
            return kind, message
    return _KINDS.get(code), message
