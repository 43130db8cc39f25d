"""Hands each fact to everybody who listens, in order."""

from collections.abc import Callable

from confwatch.model.facts import Fact


class Hub:
    """Where facts come in and go out again."""

    def __init__(self, *listeners: Callable[[Fact], None]) -> None:
        self._listeners = [*listeners]

    def listen(self, listener: Callable[[Fact], None]) -> None:
        """Hand every fact from now on to *listener* too."""
        self._listeners.append(listener)

    def tell(self, fact: Fact) -> None:
        """Take a fact."""
        for listener in self._listeners:
            listener(fact)
