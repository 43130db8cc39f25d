"""What of a pass has a deadline: its steps, and not the waiting for a turn."""

import asyncio
from collections.abc import Sequence

from confwatch.aio.process import Ended
from confwatch.pipeline.commands import Commands, Surroundings


class Step:
    """The step under way of one resource.

    Attributes:
        begun_at: the loop's time when it began; None between passes, and while a pass
            waits its turn behind others, which may be thousands.
    """

    def __init__(self) -> None:
        self.begun_at: float | None = None

    def begin(self) -> None:
        """Begin one, or the next one."""
        self.begun_at = asyncio.get_running_loop().time()

    def rest(self) -> None:
        """Wait for a turn, or for the next pass."""
        self.begun_at = None


class Turns:
    """The commands as one pass runs them, each when it is its turn."""

    def __init__(self, commands: Commands, step: Step) -> None:
        self._commands = commands
        self._step = step

    async def run(
        self, argv: Sequence[str], surroundings: Surroundings, *, timeout_s: float
    ) -> Ended:
        """Run one command to its end, its deadline, or our own cancellation."""
        self._step.rest()
        try:
            return await self._commands.run(
                argv, surroundings, timeout_s=timeout_s, begun=self._step.begin
            )
        finally:
            self._step.begin()
