"""A conf.d for every test of this folder."""

from pathlib import Path

import pytest

from tests.support.confdirs import ConfDir


@pytest.fixture
def conf(tmp_path: Path) -> ConfDir:
    return ConfDir(tmp_path / "conf.d")
