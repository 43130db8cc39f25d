"""How long to wait before the next attempt."""

from confwatch.aio.backoff import Backoff


def test_waits_double_up_to_the_longest() -> None:
    backoff = Backoff(1, 300)
    waits = [backoff.next() for _ in range(11)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_success_begins_again() -> None:
    backoff = Backoff(1, 300)
    backoff.next()
    backoff.next()
    backoff.reset()
    assert backoff.next() == 1


def test_ten_thousand_failures_are_no_overflow() -> None:
    backoff = Backoff(0.2, 30)
    assert max(backoff.next() for _ in range(10_000)) == 30


def test_full_jitter_spreads_over_the_whole_wait() -> None:
    waits = [Backoff(10, 10, jitter=1.0).next() for _ in range(200)]
    assert all(0 <= wait <= 10 for wait in waits)
    assert max(waits) - min(waits) > 5
