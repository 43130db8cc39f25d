"""What every test gets: profiles of hypothesis, and nothing left behind."""

import os

import pytest
from hypothesis import settings

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
