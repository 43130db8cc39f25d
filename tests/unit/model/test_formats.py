"""Where records stand, and what they have room for."""

from confwatch.model.formats import ROOM, SKYDNS, dns_label, key_of
from confwatch.model.keys import Key
from confwatch.model.service import Format, Service


def service(written: Format, prefix: str = "/services") -> Service:
    return Service(
        "web", "Host1:web:80", 80, format=written, prefix=Key(prefix), domain="a.Local"
    )


def test_records_stand_below_their_prefix_and_name() -> None:
    for one in (Format.JSON, Format.REGISTRATOR, Format.CONSUL):
        assert key_of(service(one)) == "/services/web/Host1:web:80"


def test_skydns_keys_are_a_name_read_backwards_in_lower_case() -> None:
    found = key_of(service(Format.SKYDNS, SKYDNS))
    assert found == "/skydns/local/a/web/host1-web-80"


def test_only_its_template_knows_a_custom_key() -> None:
    assert key_of(service(Format.CUSTOM)) is None


def test_every_format_says_what_it_has_room_for() -> None:
    assert set(ROOM) == set(Format)


def test_an_id_becomes_one_label() -> None:
    assert dns_label("A.b_c:8") == "a-b-c-8"
