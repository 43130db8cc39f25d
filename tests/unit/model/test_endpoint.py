"""Addresses and ports as one text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from confwatch.model.endpoint import endpoint, is_address, split_endpoint


@pytest.mark.parametrize("address", ["10.0.0.5", "2001:db8::1", "web", "a_b.example."])
def test_an_endpoint_is_taken_apart_as_it_was_joined(address: str) -> None:
    assert split_endpoint(endpoint(address, 8080)) == (address, 8080)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "web",
        ":80",
        "web:",
        "web:0",
        "web:65536",
        "web:\uff18\uff10",
        "2001:db8::1:80",
        "[10.0.0.1]:80",
        "[2001:db8::1]80",
        "1.2.3:80",
        "web:80\n",
        "a b:80",
        "a;b:80",
        "-a:80",
        "fe80::1%eth0",
    ],
)
def test_anything_else_is_no_endpoint(text: str) -> None:
    assert split_endpoint(text) is None


def test_a_zone_could_say_anything() -> None:
    assert not is_address("fe80::1%x;}")
    assert is_address("fe80::1")


@given(st.text())
def test_an_address_never_ends_a_word_of_a_configuration(text: str) -> None:
    if is_address(text):
        assert not set(text) & set(" \t\r\n;{}\"'#\\%$`")
        assert text.isascii()
