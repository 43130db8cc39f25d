"""Records that the store refused: asked for again, but more and more seldom."""

import asyncio
from collections.abc import Container
from dataclasses import dataclass

from confwatch.aio.backoff import Backoff
from confwatch.errors import ConfwatchError
from confwatch.model.service import Record, ServiceRef

FIRST_S = 0.5
MOST_S = 60.0
"""Hundreds of refused records must not hammer a store that will not have them."""


@dataclass(slots=True)
class _Refused:
    record: Record
    error: ConfwatchError
    backoff: Backoff
    ask_at: float = 0.0


class Refusals:
    """What was refused, by registration."""

    def __init__(self) -> None:
        self._refused: dict[ServiceRef, _Refused] = {}

    def of(self, ref: ServiceRef, record: Record) -> ConfwatchError | None:
        """Return why a record is not to be asked for yet; None where it may be."""
        one = self._refused.get(ref)
        if one is None or one.record != record:
            return None
        return one.error if asyncio.get_running_loop().time() < one.ask_at else None

    def add(self, ref: ServiceRef, record: Record, error: ConfwatchError) -> None:
        """Note one more refusal of a record."""
        one = self._refused.get(ref)
        if one is None or one.record != record:
            one = _Refused(record, error, Backoff(FIRST_S, MOST_S, 0.5))
            self._refused[ref] = one
        one.error = error
        one.ask_at = asyncio.get_running_loop().time() + one.backoff.next()

    def drop(self, ref: ServiceRef) -> None:
        """Forget what was refused of one registration."""
        self._refused.pop(ref, None)

    def keep(self, refs: Container[ServiceRef]) -> None:
        """Forget all but these."""
        for gone in [ref for ref in self._refused if ref not in refs]:
            del self._refused[gone]
