"""Random waits stay within what they may differ by, and do differ."""

from confwatch.aio.spread import part_of, spread


def test_a_part_is_between_nothing_and_all() -> None:
    parts = [part_of(10) for _ in range(200)]
    assert all(0 <= part <= 10 for part in parts)
    assert max(parts) - min(parts) > 5


def test_a_wait_is_spread_either_way() -> None:
    waits = [spread(10, 0.1) for _ in range(200)]
    assert all(9 <= wait <= 11 for wait in waits)
    assert min(waits) < 10 < max(waits)
