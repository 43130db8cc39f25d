"""A store in memory to announce in, and keepers that try again soon."""

import pytest

from confwatch.registration import keeper
from tests.support.fakes import FakeRegistrar


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "FIRST_RETRY_S", 0.01)


@pytest.fixture
def store() -> FakeRegistrar:
    return FakeRegistrar()
