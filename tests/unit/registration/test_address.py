"""Which address is announced."""

import socket

import pytest

from confwatch.model.address import Auto, Literal
from confwatch.registration.address import LOOPBACK, Addresses, nearest


async def test_a_written_address_is_taken_as_it_is() -> None:
    assert await Addresses("192.0.2.7").of(Literal("10.1.2.3")) == "10.1.2.3"
    assert await Addresses(None).of(Literal("web.example")) == "web.example"


async def test_auto_is_the_address_that_the_store_is_reached_from() -> None:
    assert await Addresses("127.0.0.1").of(Auto()) == LOOPBACK


async def test_auto_is_the_way_to_anywhere_while_the_store_has_no_address() -> None:
    assert await Addresses("name.invalid").of(Auto()) == nearest()


async def test_a_name_server_that_fails_leaves_the_last_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = Addresses("127.0.0.1")
    assert await addresses.of(Auto()) == LOOPBACK

    def fails(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "later")

    monkeypatch.setattr(socket, "getaddrinfo", fails)
    assert await addresses.of(Auto()) == LOOPBACK
