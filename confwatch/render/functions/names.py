"""Host names as confd's templates look them up, answered from memory.

A render never waits for a name server: what is not known yet is noted, answered with
nothing, and rendered again once it is known. A name that does not exist is an empty
list.
"""

import time
from typing import TypeAlias

from msgspec import Struct

from confwatch.model.reads import Name
from confwatch.render.reads import Recorder
from confwatch.render.refused import Refused

REFUSED_S = 0.5
"""How long "no answer" stands; the next pass, a second later, asks again."""


class Service(Struct, frozen=True):
    """One SRV record, its fields by Go's names."""

    Target: str
    Port: int
    Priority: int
    Weight: int


Answer: TypeAlias = tuple[str, ...] | tuple[Service, ...]


class Names:
    """What is known of the names that templates ask for."""

    def __init__(self) -> None:
        self._recorder = Recorder()
        self._answers: dict[Name, Answer] = {}
        self._unanswered: dict[Name, float] = {}

    def note_in(self, recorder: Recorder) -> None:
        """Note in *recorder* what is asked from now on."""
        self._recorder = recorder

    def learn(self, name: Name, answer: Answer | None) -> bool:
        """Remember an answer; tell whether it is another one than before.

        Args:
            name: what was asked.
            answer: None where nobody answered, which leaves the last one standing.
        """
        if answer is None:
            self._unanswered[name] = time.monotonic()
            return False
        self._unanswered.pop(name, None)
        before = self._answers.get(name)
        self._answers[name] = answer
        return before != answer

    def keep(self, names: frozenset[Name]) -> None:
        """Forget all but *names*."""
        known = self._answers.items()
        self._answers = {name: answer for name, answer in known if name in names}
        self._unanswered = {}

    def lookupIP(self, host: str) -> list[str]:
        """Return the addresses of *host*, both families, sorted."""
        found = self._known(Name("ip", host))
        return [one for one in found if isinstance(one, str)]

    def lookupIPV4(self, host: str) -> list[str]:
        """Return the IPv4 addresses of *host*, sorted."""
        return [one for one in self.lookupIP(host) if "." in one and ":" not in one]

    def lookupIPV6(self, host: str) -> list[str]:
        """Return the IPv6 addresses of *host*, sorted."""
        return [one for one in self.lookupIP(host) if ":" in one]

    def lookupSRV(self, service: str, proto: str, name: str) -> list[Service]:
        """Return the SRV records, sorted by the text of all their fields."""
        whole = f"_{service}._{proto}.{name}" if service or proto else name
        found = self._known(Name("srv", whole))
        return [one for one in found if isinstance(one, Service)]

    def _known(self, name: Name) -> Answer:
        """Return what is known of a name, and note that it was asked for.

        Raises:
            Refused: nobody answered, now or ever.
        """
        self._recorder.names.add(name)
        answer = self._answers.get(name)
        if answer is not None:
            return answer
        if time.monotonic() - self._unanswered.get(name, float("-inf")) < REFUSED_S:
            raise Refused(f"no answer about {name.text} from DNS")
        self._recorder.unanswered.add(name)
        return ()
