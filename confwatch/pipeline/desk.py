"""What all passes share: their tables and their tools."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from confwatch.mirror.mirror import Mirror
from confwatch.model.facts import Tell
from confwatch.pipeline.commands import Commands
from confwatch.pipeline.coverage import Coverage
from confwatch.pipeline.doubts import Doubts
from confwatch.pipeline.lookups import Lookups
from confwatch.pipeline.planner import Planner
from confwatch.pipeline.proof import Proofs
from confwatch.pipeline.readindex import ReadIndex
from confwatch.pipeline.steps import Bring, Rendering


class Desk(Struct, frozen=True):
    """What all walks work with: tables they share and tools they use."""

    mirrors: Mapping[str, Mirror]
    rendering: Rendering
    commands: Commands
    proofs: Proofs
    coverage: Coverage
    index: ReadIndex
    doubts: Doubts
    planner: Planner
    lookups: Lookups
    cover: Callable[[], None]
    """Hands the joined wishes to the stores, after one of them grew."""
    bring: Bring
    """Takes rendered files to their targets; a dry run only compares."""
    tell: Tell
