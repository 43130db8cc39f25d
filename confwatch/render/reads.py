"""Notes what a render looks at, while it looks."""

from confwatch.model.keys import Key, Ref
from confwatch.model.reads import Name, Reads


class Recorder:
    """Everything one render has looked at so far, found or not."""

    def __init__(self) -> None:
        self.keys: set[Ref] = set()
        self.globs: set[Ref] = set()
        self.folders: set[Ref] = set()
        self.uncovered: set[Ref] = set()
        self.files: set[str] = set()
        self.names: set[Name] = set()
        self.unanswered: set[Name] = set()
        self.skipped: dict[Ref, str] = {}
        """Records that cannot be understood, and why; they are no reads."""

    def missed(self, store: str, key: Key) -> None:
        """Note what was asked for while its store did not cover it."""
        self.uncovered.add(Ref(store, key))

    def reads(self) -> Reads:
        """Return all of it as a value."""
        return Reads(
            frozenset(self.keys),
            frozenset(self.globs),
            frozenset(self.folders),
            frozenset(self.uncovered),
            frozenset(self.files),
            frozenset(self.names),
            frozenset(self.unanswered),
        )
