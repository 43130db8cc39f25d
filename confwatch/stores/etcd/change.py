"""What a watch's answers come to: events of ours, each told once."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from confwatch.errors import SourceError
from confwatch.model.events import Changed, Revision
from confwatch.model.keys import Key, scope_of
from confwatch.stores.etcd.ranges import Namespace, as_key
from confwatch.stores.etcd.stream import Stream
from confwatch.stores.etcd.witnesses import Witnesses
from confwatch.wire import etcd as wire


@dataclass(slots=True)
class Scope:
    """What is known of one covered prefix.

    Attributes:
        floor: all that happened up to this revision is told.
        count: keys that etcd has there.
        newest: revision of the last change that was told.
    """

    floor: int
    count: int
    newest: int


class Change:
    """One event in the making."""

    def __init__(
        self,
        namespace: Namespace,
        scopes: Mapping[Key, Scope],
        witnesses: Witnesses,
    ) -> None:
        self.revision = 0
        self._witnesses = witnesses
        self._namespace = namespace
        self._scopes = scopes
        self._put: dict[Key, bytes] = {}
        self._gone: set[Key] = set()

    def add(self, stream: Stream, answer: wire.WatchAnswer) -> None:
        """Take over what one answer tells, as far as it is new and ours."""
        for event in answer.events:
            # Old servers tell some events twice; a scope loaded since knows more.
            if event.kv.mod_revision > stream.cursor:
                self._take(event)
        # Not the header's revision: a line of history is followed by more of it.
        newest = max((one.kv.mod_revision for one in answer.events), default=0)
        stream.cursor = max(stream.cursor, newest)
        self.revision = max(self.revision, newest)

    def event(self) -> Changed | None:
        """Return it; None where nothing of ours is in it."""
        if not self._put and not self._gone:
            return None
        return Changed(Revision(str(self.revision)), self._put, frozenset(self._gone))

    def _take(self, event: wire.Event) -> None:
        """Take over one key."""
        text = self._namespace.text(event.kv.key)
        prefix = None if text is None else scope_of(text, self._scopes)
        if text is None or prefix is None:
            return
        scope = self._scopes[prefix]
        if event.kv.mod_revision <= scope.floor:
            return
        gone = event.type == "DELETE"
        scope.newest = max(scope.newest, event.kv.mod_revision)
        self._witnesses.changed(event)
        scope.count += -1 if gone else event.kv.version == 1
        key = as_key(text)
        if key is None:
            return
        if gone:
            self._put.pop(key, None)
            self._gone.add(key)
        else:
            self._gone.discard(key)
            self._put[key] = event.kv.value


def newest_of(told: wire.WatchAnswer | SourceError) -> int:
    """Return the newest revision of an answer's events; 0 where it has none."""
    events: Iterable[wire.Event] = () if isinstance(told, SourceError) else told.events
    return max((one.kv.mod_revision for one in events), default=0)


def newest_floor(scopes: Mapping[Key, Scope]) -> int:
    """Return the newest revision that was seen; 0 where nothing was told yet."""
    return max((one.floor for one in scopes.values()), default=0)
