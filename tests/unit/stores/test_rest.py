"""How often a whole folder is looked at."""

import pytest

from confwatch.daemon.wellness import SOURCE_STILL_S
from confwatch.model.keys import ROOT
from confwatch.stores.dir.scan import look
from confwatch.stores.dir.source import MOST_POLL_S, SAME_S, rest_s


@pytest.mark.parametrize(
    ("cost_s", "poll", "expected"),
    [
        (0.0, False, 30.0),
        (0.01, False, 30.0),
        (0.05, False, 120.0),
        (9.0, False, 600.0),
        (0.0, True, 1.0),
        (0.05, True, 1.0),
        (0.5, True, 5.0),
        (99.0, True, 120.0),
    ],
)
def test_a_look_is_followed_by_a_rest_as_long_as_it_deserves(
    cost_s: float, poll: bool, expected: float
) -> None:
    assert rest_s(cost_s, poll=poll) == pytest.approx(expected)


def test_no_rest_is_so_long_that_the_source_seems_to_hang() -> None:
    assert MOST_POLL_S < SOURCE_STILL_S
    assert SAME_S < SOURCE_STILL_S, "also between two looks at everything"


def test_a_look_tells_what_it_cost(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("keys")
    (root / "a").write_text("1\n")
    assert look(str(root), [ROOT], {}).cost_s > 0
