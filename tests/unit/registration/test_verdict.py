"""What a row of answers amounts to."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confwatch.model.health import Status
from confwatch.registration.verdict import Verdict, worst

LETTERS = {"p": Status.PASSING, "w": Status.WARNING, "c": Status.CRITICAL}
ORDER = list(LETTERS.values())


def after(answers: str, rise: int, fall: int) -> str:
    """Write the verdict after each answer: ``-`` where there is none."""
    verdict = Verdict(rise, fall)
    told = {status: letter for letter, status in LETTERS.items()}
    found = ""
    for letter in answers:
        verdict.take(LETTERS[letter])
        found += "-" if verdict.status is None else told[verdict.status]
    return found


@pytest.mark.parametrize(
    ("rise", "fall", "answers", "verdicts"),
    [
        (1, 1, "pcpc", "pcpc"),
        (1, 3, "cccpcc", "--cppp"),
        (2, 3, "ppccc", "-pppc"),
        (2, 2, "pcpcpc", "------"),
        (2, 2, "ccpcpp", "-ccccp"),
        (3, 1, "ccppcppp", "cccccccp"),
        (1, 2, "pwcwc", "ppwww"),
        (1, 2, "pwcccp", "ppwccp"),
        (2, 1, "cwpp", "ccwp"),
        (1, 3, "www", "www"),
    ],
)
def test_a_verdict_takes_a_row_of_answers(
    rise: int, fall: int, answers: str, verdicts: str
) -> None:
    assert after(answers, rise, fall) == verdicts


COUNTS = st.integers(1, 5)


@given(st.text("pwc", max_size=40), COUNTS, COUNTS)
def test_a_change_is_borne_out_by_the_whole_row(
    answers: str, rise: int, fall: int
) -> None:
    found = after(answers, rise, fall)
    ranks = {"p": 0, "w": 1, "c": 2}
    for end, (before, now) in enumerate(pairwise("-" + found), start=1):
        if before == now:
            continue
        last = [ranks[letter] for letter in answers[:end]]
        worse = len(last) >= fall and min(last[-fall:]) == ranks[now]
        better = len(last) >= rise and max(last[-rise:]) == ranks[now]
        assert worse or better


@given(st.text("pwc", max_size=20), st.sampled_from("pwc"), COUNTS, COUNTS)
def test_a_row_that_lasts_is_believed(
    answers: str, last: str, rise: int, fall: int
) -> None:
    assert after(answers + last * max(rise, fall), rise, fall)[-1] == last


def test_the_worst_check_speaks_for_the_service() -> None:
    assert worst([]) is Status.PASSING
    assert worst([Status.PASSING, Status.WARNING]) is Status.WARNING
    assert worst([Status.WARNING, None, Status.PASSING]) is None
    assert worst([None, Status.CRITICAL]) is Status.CRITICAL
    assert worst(list(ORDER)) is Status.CRITICAL
