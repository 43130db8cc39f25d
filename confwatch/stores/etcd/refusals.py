"""Prefixes that we may not read: what they are, and when they are asked for again."""

import asyncio
from collections.abc import Container, Iterable, Mapping

from confwatch.errors import SourceDenied
from confwatch.model.keys import Key
from confwatch.stores.etcd.meaning import Denied

DENIED_S = 15.0
"""How soon a prefix that we may not read is asked for again."""


class Refusals:
    """Of one subscription."""

    def __init__(self, shown: str) -> None:
        """Begin with none; *shown* is the store's URL for people and logs."""
        self._shown = shown
        self._errors: dict[Key, Denied] = {}
        self._until: dict[Key, float] = {}
        self._told = ""

    def keep(self, cover: Container[Key]) -> None:
        """Forget those of prefixes that nobody asks for any more."""
        errors, until = self._errors.items(), self._until.items()
        self._errors = {one: error for one, error in errors if one in cover}
        self._until = {one: when for one, when in until if one in cover}

    def note(self, denied: Mapping[Key, Denied]) -> None:
        """Take it that these were refused just now."""
        until = asyncio.get_running_loop().time() + DENIED_S
        self._errors.update(denied)
        self._until.update(dict.fromkeys(denied, until))

    def lift(self, prefixes: Iterable[Key]) -> None:
        """Take it that these may be read."""
        for one in prefixes:
            self._errors.pop(one, None)
            self._until.pop(one, None)

    def resting(self) -> set[Key]:
        """Return those that are not asked for yet."""
        now = asyncio.get_running_loop().time()
        return {one for one, until in self._until.items() if now < until}

    def first(self) -> Denied:
        """Return one of them, and rest for none: there is nothing else to do."""
        self._until = {}
        return next(iter(self._errors.values()))

    def error(self) -> SourceDenied | None:
        """Return what tells of all of them; None where there are none."""
        if not self._errors:
            return None
        told = "; ".join(self._errors[one].problem for one in sorted(self._errors))
        return SourceDenied(self._shown, told)

    def news(self) -> SourceDenied | None:
        """Return the same where it is other than the last time."""
        error = self.error()
        before, self._told = self._told, str(error or "")
        return error if before != self._told else None
