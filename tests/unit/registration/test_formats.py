"""How a service is written down, in every format."""

import json
from dataclasses import replace

import pytest

from confwatch.errors import RegistrationRejected
from confwatch.model.formats import key_of
from confwatch.model.health import Status
from confwatch.model.keys import Key
from confwatch.model.service import CustomRecord, Format, Record, Service
from confwatch.registration.formats import Formats
from confwatch.render.custom import RecordTexts

WEB = Service(
    name="web",
    id="web-host1-8080",
    port=8080,
    tags=("v1",),
    meta={"version": "1.4"},
)
PASSING = Status.PASSING


def written(
    service: Service, address: str = "10.0.0.5", status: Status = PASSING
) -> Record:
    return Formats(RecordTexts()).record(service, address, status)


def custom(key: str, value: str = "") -> Service:
    return replace(WEB, format=Format.CUSTOM, custom=CustomRecord(key, value))


def test_the_default_json_is_written_byte_for_byte() -> None:
    record = written(WEB)
    assert record.key == key_of(WEB) == "/services/web/web-host1-8080"
    assert record.value == (
        b'{"v":1,"id":"web-host1-8080","name":"web","address":"10.0.0.5","port":8080,'
        b'"protocol":"tcp","tags":["v1"],"meta":{"version":"1.4"},"weight":100,'
        b'"status":"passing"}'
    )


def test_json_says_how_the_service_is() -> None:
    assert written(WEB, status=Status.CRITICAL).value.endswith(b'"status":"critical"}')


def test_the_order_of_meta_does_not_change_a_byte() -> None:
    one = replace(WEB, meta={"b": "ž", "a": "1"})
    two = replace(WEB, meta={"a": "1", "b": "ž"})
    assert written(one, "h") == written(two, "h")
    assert '"meta":{"a":"1","b":"ž"}'.encode() in written(one, "h").value


def test_the_key_stands_below_the_services_own_prefix() -> None:
    assert key_of(replace(WEB, prefix=Key("/prod/services"))) == (
        "/prod/services/web/web-host1-8080"
    )


@pytest.mark.parametrize(
    ("address", "value"),
    [
        ("10.0.0.5", b"10.0.0.5:8080"),
        ("2001:db8::1", b"[2001:db8::1]:8080"),
        ("h.example", b"h.example:8080"),
    ],
)
def test_registrator_writes_what_gos_join_host_port_does(
    address: str, value: bytes
) -> None:
    record = written(replace(WEB, format=Format.REGISTRATOR), address)
    assert record == Record(Key("/services/web/web-host1-8080"), value)


def test_consul_writes_what_its_agent_takes() -> None:
    record = written(replace(WEB, format=Format.CONSUL, weight=10, ttl_s=3.0))
    assert record.key == "/services/web/web-host1-8080"
    assert record.value == (
        b'{"ID":"web-host1-8080","Name":"web","Tags":["v1"],"Address":"10.0.0.5",'
        b'"Port":8080,"Meta":{"version":"1.4"},"Weights":{"Passing":10,"Warning":1},'
        b'"Check":{"TTL":"3s","Status":"passing",'
        b'"DeregisterCriticalServiceAfter":"60s","Notes":"confwatch"}}'
    )


def test_a_ttl_with_a_fraction_is_one_go_can_read() -> None:
    record = written(replace(WEB, format=Format.CONSUL, ttl_s=12.5))
    check = json.loads(record.value)["Check"]
    assert check["TTL"] == "12500ms"
    assert check["DeregisterCriticalServiceAfter"] == "125s"


def test_a_custom_record_is_the_operators_own() -> None:
    service = custom(
        "/traefik/http/services/{{ name }}/loadbalancer/servers/{{ id }}/url",
        "http://{{ endpoint }}/?w={{ weight }}&s={{ status }}&t={{ ttl }}",
    )
    assert key_of(service) is None
    assert written(service, "2001:db8::1", Status.WARNING) == Record(
        Key("/traefik/http/services/web/loadbalancer/servers/web-host1-8080/url"),
        b"http://[2001:db8::1]:8080/?w=100&s=warning&t=15",
    )


def test_a_custom_value_can_be_json() -> None:
    service = custom("/x/{{ id }}", '{"m":{{ meta|tojson }},"t":{{ tags|tojson }}}')
    assert json.loads(written(service).value) == {"m": {"version": "1.4"}, "t": ["v1"]}


@pytest.mark.parametrize(
    ("service", "told"),
    [
        (replace(WEB, format=Format.CUSTOM), "web-host1-8080: no key and value"),
        (custom("/x/{{ nope }}"), "key of web-host1-8080 cannot be filled in"),
        (custom("/x", "{{ meta.nope }}"), "value of web-host1-8080 cannot be filled"),
        (custom("/x", "{{ tags }}"), "cannot print a list"),
        (custom("/x", "{{ 'x' * 70000 }}"), "made more than"),
        (custom("/x", "{{ id.__class__ }}"), "unsafe"),
        (custom("/x", "{% include 'nginx.conf.j2' %}"), "template not found"),
        (custom("/x", "{{ 1 / 0 }}"), "ZeroDivisionError"),
        (custom("/x", "{{ "), "unexpected"),
    ],
)
def test_a_text_that_cannot_be_filled_in_is_refused_by_its_name(
    service: Service, told: str
) -> None:
    with pytest.raises(RegistrationRejected, match=told):
        written(service)


@pytest.mark.parametrize(
    "key",
    [
        "x/{{ id }}",
        "/",
        "",
        "/x//y",
        "/x/",
        "/x/../../etc",
        "/x/./y",
        "/x\n/y",
        "/x y",
        "/x/\udc80\x00",
        "/" + "x" * 2000,
    ],
)
def test_a_custom_key_is_confined_to_what_a_key_may_be(key: str) -> None:
    with pytest.raises(RegistrationRejected, match="key of web-host1-8080: expected"):
        written(custom(key))


def test_an_address_cannot_lead_a_custom_key_elsewhere() -> None:
    with pytest.raises(RegistrationRejected, match="expected a key"):
        written(custom("/hosts/{{ address }}"), "../../x")
