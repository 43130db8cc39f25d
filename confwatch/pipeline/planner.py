"""From an event to the resources that have to make a pass."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from itertools import islice

from confwatch.mirror.mirror import Mirror
from confwatch.model.events import Delta, Loaded, StoreEvent
from confwatch.model.facts import KEPT_KEYS, Cause, Reason, SourceLoaded, Tell
from confwatch.model.keys import Key
from confwatch.pipeline.coverage import Coverage
from confwatch.pipeline.doubts import Doubts
from confwatch.pipeline.readindex import ReadIndex


class Planner:
    """Brings events into the mirrors and posts causes to the resources they touch."""

    def __init__(
        self,
        index: ReadIndex,
        coverage: Coverage,
        doubts: Doubts,
        *,
        post: Callable[[str, Cause], None],
        tell: Tell,
    ) -> None:
        """Make a planner over the tables that the passes fill in.

        Args:
            index: who reads what.
            coverage: which prefixes each resource needs.
            doubts: which prefixes came back empty.
            post: gives a resource, by name, a cause for a pass.
            tell: takes facts.
        """
        self._index = index
        self._coverage = coverage
        self._doubts = doubts
        self._post = post
        self._tell = tell
        self._uncovered: set[str] = set()

    def wait_for_coverage(self, resource: str) -> None:
        """Post a cause to *resource* at the next whole picture."""
        self._uncovered.add(resource)

    def forget(self, resource: str) -> None:
        """Drop what is known of a resource that is gone."""
        self._uncovered.discard(resource)

    def take(self, mirror: Mirror, event: StoreEvent) -> None:
        """Apply one event and post the causes that follow from it."""
        if isinstance(event, Loaded):
            delta = self._replace(mirror, event)
        else:
            delta = mirror.apply(event)
        for resource, keys in self._index.touched_by(delta).items():
            self._post(resource, _keys_changed(mirror.store, keys))
        for resource in self._doubts.settled():
            self._post(resource, Cause(frozenset({Reason.KEYS})))

    def _replace(self, mirror: Mirror, event: Loaded) -> Delta:
        """Take a whole picture: doubt what it emptied, wake who waited for it."""
        had = {
            name: [
                ref
                for ref in self._coverage.doubted(name)
                if ref.store == mirror.store and mirror.has_keys(ref.key)
            ]
            for name in self._coverage.resources()
        }
        delta = mirror.apply(event)
        for name, refs in had.items():
            self._doubts.add(name, refs)
        waiting, self._uncovered = self._uncovered, set()
        for name in waiting:
            self._post(name, Cause(frozenset({Reason.COVERED})))
        self._tell(
            SourceLoaded(
                mirror.store,
                tuple(sorted(event.scope)),
                event.revision,
                len(event.entries),
                len(delta.changed),
            )
        )
        return delta

    def files_changed(self, paths: Iterable[str]) -> None:
        """Post a cause to everybody who read one of these files."""
        touched: dict[str, list[str]] = {}
        for path in paths:
            for resource in self._index.touched_by_file(path):
                touched.setdefault(resource, []).append(path)
        for resource, files in touched.items():
            reasons = frozenset({Reason.FILES})
            self._post(resource, Cause(reasons, tuple(files), len(files)))


def _keys_changed(store: str, keys: AbstractSet[Key]) -> Cause:
    """Name some of the keys behind a pass, in order."""
    few = len(keys) <= 10 * KEPT_KEYS
    named = [*islice(sorted(keys) if few else keys, KEPT_KEYS)]
    shown = named if store == "main" else [f"{store}:{key}" for key in named]
    return Cause(frozenset({Reason.KEYS}), tuple(shown), len(keys))
