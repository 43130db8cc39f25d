"""Keys found while rendering: a render is made again until all it reads is known."""

from confwatch.errors import RenderError
from confwatch.model.reads import Reads
from confwatch.model.resource import Resource
from confwatch.model.steps import Rendered
from confwatch.pipeline.coverage import MAX_ROUNDS
from confwatch.pipeline.desk import Desk
from confwatch.pipeline.skips import Skips
from confwatch.pipeline.turns import Step
from confwatch.render.reads import Recorder

NAMED = 20
"""Keys in an error that lists what a render read."""


class Finding:
    """What the renders of one resource read, and what is asked for them."""

    def __init__(
        self, resource: Resource, desk: Desk, *, skips: Skips, step: Step
    ) -> None:
        self._resource = resource
        self._desk = desk
        self._skips = skips
        self._step = step
        self._good = Reads()

    def narrow(self) -> None:
        """Want no more than what the last good render read, if it still is the last."""
        name = self._resource.name
        if self._good == self._desk.index.reads(name):
            self._desk.coverage.shrink(name, self._good)

    def forgive(self) -> None:
        """Let renders ask for more keys again: something is not as it was."""
        self._desk.coverage.forgive(self._resource.name)

    def covered(self) -> bool:
        """Tell whether every store has told all this resource is known to need."""
        wanted = self._desk.coverage.wanted(self._resource.name)
        return all(self._desk.mirrors[ref.store].covers(ref.key) for ref in wanted)

    async def render(self) -> Rendered | None:
        """Render; None where keys are needed that no store has told yet.

        Raises:
            RenderError: of the templates, or because they ask for more without end.
        """
        name, desk = self._resource.name, self._desk
        while True:
            recorder = Recorder()
            try:
                rendered = await desk.rendering.render(
                    self._resource, recorder, self._step
                )
            except RenderError:
                reads = recorder.reads()
                if not reads.uncovered and not reads.unanswered:
                    self._skips.note(recorder.skipped)
                    # What the last good one read still says when to try again.
                    desk.index.replace(name, self._good | reads)
                    raise
            else:
                reads = recorder.reads()
                if not reads.uncovered and not reads.unanswered:
                    self._good = reads
                    self._skips.note(recorder.skipped)
                    desk.index.replace(name, reads)
                    desk.coverage.satisfied(name, reads)
                    return rendered
            self._ask(reads)
            self._step.rest()
            await desk.lookups.answer(reads.unanswered)
            self._step.begin()
            if not self.covered():
                return None

    def _ask(self, reads: Reads) -> None:
        """Ask the stores for what a render missed."""
        name, desk = self._resource.name, self._desk
        if not desk.coverage.ask(name, reads.uncovered):
            desk.index.replace(name, self._good | reads)
            missing: list[str] = [ref.key for ref in reads.uncovered]
            missing += [name.text for name in reads.unanswered]
            asked = ", ".join(sorted(missing))
            template = self._resource.templates[0].src
            problem = (
                f"asks for more keys after {MAX_ROUNDS} renders: {asked}"
                f"; it read {_named(reads)}"
            )
            raise RenderError(template, None, problem)
        desk.cover()


def _named(reads: Reads) -> str:
    """Name what was known of a render's reads, as far as a line of a log has room."""
    read = reads.keys | reads.globs | reads.folders
    keys = sorted(ref.key for ref in read - reads.uncovered)
    more = f" and {len(keys) - NAMED} more" if len(keys) > NAMED else ""
    return ", ".join(keys[:NAMED]) + more
