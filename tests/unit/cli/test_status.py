"""What ``confwatch status`` says of a store."""

import pytest

from confwatch.cli.status import _store_state


@pytest.mark.parametrize(
    ("failing_s", "missed", "told"),
    [
        (None, 0, "loaded"),
        (None, 2, "loaded, missed 2"),
        (90.0, 0, "failing 2m"),
        (5.0, 1, "failing 5s, missed 1"),
    ],
)
def test_a_store_tells_how_it_is_and_what_its_watch_kept_back(
    failing_s: float | None, missed: int, told: str
) -> None:
    store = {"state": "loaded", "failing_s": failing_s, "missed": missed}
    assert _store_state(store) == told
