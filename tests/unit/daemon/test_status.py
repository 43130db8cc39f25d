"""What the daemon says of itself."""

from pathlib import Path

from confwatch.daemon.status import StatusBoard
from confwatch.registration.formats import Formats
from confwatch.registration.registrations import opened
from confwatch.render.custom import RecordTexts
from confwatch.state.nowhere import Nowhere
from tests.support.bench import bench


async def test_nobody_is_ready_who_does_not_know_for_what(tmp_path: Path) -> None:
    formats = Formats(RecordTexts())
    async with (
        bench(tmp_path, app__a="1") as on,
        opened({}, Nowhere(), on.facts.append, formats) as registrations,
    ):
        board = StatusBoard(on.street, registrations, (), 0.0)
        told = [board.ready]
        one = on.resource("a", '{{ getv("/app/a") }}', "/app")
        await on.street.set_resources([one])
        board.declared = True
        told.append(board.ready)
        await on.holds("a", "1")
        await on.calm()
        told.append(board.ready)
        assert told == [False, False, True]
        assert board.snapshot()["ready"]
