"""How a service is written down."""

from confwatch.model.keys import Key
from confwatch.model.service import Service
from confwatch.registration.formats import json_record, key_of


def test_the_default_json_is_written_byte_for_byte() -> None:
    service = Service(
        name="web",
        id="web-host1-8080",
        port=8080,
        tags=("v1",),
        meta={"version": "1.4"},
    )
    record = json_record(service, "10.0.0.5")
    assert record.key == "/services/web/web-host1-8080"
    assert record.value == (
        b'{"v":1,"id":"web-host1-8080","name":"web","address":"10.0.0.5","port":8080,'
        b'"protocol":"tcp","tags":["v1"],"meta":{"version":"1.4"},"weight":100,'
        b'"status":"passing"}'
    )


def test_the_order_of_meta_does_not_change_a_byte() -> None:
    one = Service(name="web", id="w", port=1, meta={"b": "ž", "a": "1"})
    two = Service(name="web", id="w", port=1, meta={"a": "1", "b": "ž"})
    assert json_record(one, "h") == json_record(two, "h")
    assert '"meta":{"a":"1","b":"ž"}'.encode() in json_record(one, "h").value


def test_the_key_stands_below_the_services_own_prefix() -> None:
    service = Service(name="web", id="w", port=1, prefix=Key("/prod/services"))
    assert key_of(service) == "/prod/services/web/w"
