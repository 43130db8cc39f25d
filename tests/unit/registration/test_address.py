"""Which address is announced."""

from confwatch.registration.address import LOOPBACK, resolved


def test_a_written_address_is_taken_as_it_is() -> None:
    assert resolved("10.1.2.3", "192.0.2.7") == "10.1.2.3"
    assert resolved("web.example", None) == "web.example"


def test_auto_is_the_address_that_the_store_is_reached_from() -> None:
    assert resolved("auto", "127.0.0.1") == LOOPBACK


def test_auto_is_loopback_where_no_way_is_known() -> None:
    assert resolved("auto", "name.invalid") == LOOPBACK
