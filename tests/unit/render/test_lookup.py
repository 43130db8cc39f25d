"""What the machine's resolver says of a name, and what that means."""

import socket

import pytest

from confwatch.model.reads import Name
from confwatch.render.lookup import look_up

NAME = Name("ip", "web.example")


def saying(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the resolver answer nothing but an error."""

    def resolve(*_: object, **__: object) -> None:
        raise socket.gaierror(number, "so")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)


@pytest.mark.parametrize(
    "number", [socket.EAI_NONAME, socket.EAI_NODATA, socket.EAI_ADDRFAMILY]
)
def test_a_name_that_is_not_there_is_empty(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    saying(number, monkeypatch)
    assert look_up(NAME) == ()


@pytest.mark.parametrize(
    "number",
    [socket.EAI_AGAIN, socket.EAI_FAIL, socket.EAI_SYSTEM, socket.EAI_MEMORY],
)
def test_an_answer_that_says_nothing_of_the_name_is_no_answer(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    saying(number, monkeypatch)
    with pytest.raises(OSError, match="so"):
        look_up(NAME)


def test_what_can_be_no_name_is_empty() -> None:
    assert look_up(Name("ip", "a" * 64 + ".example")) == ()
