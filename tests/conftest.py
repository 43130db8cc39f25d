"""What every test gets: profiles of hypothesis, and nothing left behind."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.etcd import EtcdServer
from tests.support.leaks import no_leaks

__all__ = ["no_leaks"]

settings.register_profile("dev", max_examples=50, deadline=None)
settings.register_profile("ci", max_examples=500, deadline=None, derandomize=True)
settings.register_profile("night", max_examples=20_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the number of random schedules be chosen."""
    told = "random schedules to run (default: 10; in CI 200)"
    parser.addoption("--runs", type=int, default=0, help=told)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Begin with what may take longest where tests run beside each other."""
    if hasattr(config, "workerinput"):
        items.sort(key=_allowed_s, reverse=True)


def _allowed_s(item: pytest.Item) -> float:
    """Return the time-out that a test asks for."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0


@pytest.fixture
def etcd(tmp_path: Path) -> Iterator[EtcdServer]:
    """Return a real etcd of one member, empty."""
    with EtcdServer(tmp_path / "etcd") as server:
        yield server
