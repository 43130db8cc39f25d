"""What the admin socket answers."""

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from confwatch.config.admin import UnixAddress
from confwatch.daemon.admin import Admin, opened
from confwatch.errors import ConfigError


class _Operated:
    """A daemon that only knows whether it is ready."""

    def __init__(self, *, ready: bool) -> None:
        self._ready = ready

    def ready(self) -> bool:
        return self._ready

    def snapshot(self) -> Mapping[str, Any]:
        raise NotImplementedError

    def apply(self, resource: str, *, allow_empty: bool) -> bool:
        raise NotImplementedError

    async def drain(self, word: str) -> Sequence[str]:
        raise NotImplementedError

    async def undrain(self, word: str) -> bool:
        raise NotImplementedError


@pytest.mark.parametrize(("ready", "status"), [(True, 200), (False, 503)])
async def test_readiness_is_told_without_the_status_of_all_resources(
    tmp_path: Path, *, ready: bool, status: int
) -> None:
    path = tmp_path / "admin"
    async with (
        opened(Admin(_Operated(ready=ready)), UnixAddress(path)),
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path))) as session,
        session.get("http://confwatch/readyz") as answer,
    ):
        assert answer.status == status
        assert await answer.json() == {"ready": ready}


async def test_what_is_no_socket_is_not_removed(tmp_path: Path) -> None:
    path = tmp_path / "admin"
    path.write_text("somebody's notes")
    with pytest.raises(ConfigError, match="no socket, but something else"):
        async with opened(Admin(_Operated(ready=True)), UnixAddress(path)):
            raise AssertionError
    assert path.read_text() == "somebody's notes"


async def test_a_socket_that_nobody_listens_at_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "admin"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    async with opened(Admin(_Operated(ready=True)), UnixAddress(path)):
        assert path.is_socket()
    assert not path.exists()
