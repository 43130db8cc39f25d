"""Records that services wrote, in every format."""

import json
from typing import Any

import pytest

from confwatch.errors import RecordGarbled
from confwatch.model.instance import Instance
from confwatch.wire.records import MOST_BYTES, decode_record


def read(value: object, own: str = "a") -> Instance:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return decode_record("web", own, raw)


def test_our_own_json_tells_everything() -> None:
    found = read(
        b'{"v":1,"id":"web-1","name":"other","address":"10.0.0.5","port":8080,'
        b'"protocol":"udp","tags":["v1"],"meta":{"b":"2","a":"1"},"weight":5,'
        b'"status":"warning"}'
    )
    assert found == Instance(
        name="web",
        id="web-1",
        address="10.0.0.5",
        port=8080,
        protocol="udp",
        tags=("v1",),
        meta={"a": "1", "b": "2"},
        weight=5,
        status="warning",
    )
    assert list(found.meta) == ["a", "b"]


def test_curators_nine_fields_are_read() -> None:
    found = read(
        b'{"name":"web","id":"java-2","address":"10.0.0.9","port":80,"sslPort":null,'
        b'"payload":null,"registrationTimeUTC":0,"serviceType":"DYNAMIC","uriSpec":null}'
    )
    assert found == Instance("web", "java-2", "10.0.0.9", 80)


@pytest.mark.parametrize(
    ("raw", "own", "expected"),
    [
        (b"10.0.0.5:80", "a", Instance("web", "a", "10.0.0.5", 80)),
        (b"10.0.0.5:80\n", "a", Instance("web", "a", "10.0.0.5", 80)),
        (b"[2001:db8::1]:80", "a", Instance("web", "a", "2001:db8::1", 80)),
        (
            b"10.0.0.5:53",
            "h:dns:53:udp",
            Instance("web", "h:dns:53:udp", "10.0.0.5", 53, "udp"),
        ),
    ],
)
def test_registrators_text_is_read(raw: bytes, own: str, expected: Instance) -> None:
    assert read(raw, own) == expected


def test_a_registration_of_consul_is_read() -> None:
    found = read(
        b'{"ID":"web-1","Name":"web","Tags":["a"],"Address":"10.0.0.5","Port":8080,'
        b'"Meta":{"version":"1"},"Weights":{"Passing":10,"Warning":1},'
        b'"Check":{"TTL":"3s","Status":"critical","Notes":"x"}}'
    )
    assert found == Instance(
        "web",
        "web-1",
        "10.0.0.5",
        8080,
        tags=("a",),
        meta={"version": "1"},
        weight=10,
        status="critical",
    )
    bare = {"Address": "h", "Port": 1, "Tags": None, "Meta": None, "Check": None}
    assert read(bare) == Instance("web", "a", "h", 1)


def test_skydns_and_nerve_are_read() -> None:
    assert read({"host": "h", "port": 1, "priority": 10, "ttl": 5}) == Instance(
        "web", "a", "h", 1
    )
    nerve = {
        "host": "1.2.3.4",
        "port": 3000,
        "name": "mymachine",
        "weight": 2,
        "haproxy_server_options": "backup",
        "labels": {"az": "a"},
    }
    assert read(nerve, "i_1") == Instance(
        "web", "i_1", "1.2.3.4", 3000, meta={"az": "a"}, weight=2
    )


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (b"", "is neither HOST:PORT nor a JSON object"),
        (b"[1]", "is neither HOST:PORT nor a JSON object"),
        (b"10.0.0.1:0", "is neither HOST:PORT nor a JSON object"),
        (b"\xff:80", "is neither HOST:PORT nor a JSON object"),
        (b"{", "is not valid JSON"),
        (b'{"address":"\xff"}', "is not valid JSON"),
        (b'{"a":' * 10_000, "is nested too deep"),
        (b"{" + b" " * MOST_BYTES + b"}", f"is larger than {MOST_BYTES} bytes"),
        ({}, "has none of address, Address, host"),
        ({"address": "h"}, "missing required field `port`"),
        ({"address": "h", "port": "80"}, "got `str` - at `$.port`"),
        ({"address": "h", "port": 1, "v": 2}, "is of version 2, which is not known"),
        ({"address": "h", "port": 1, "weight": -1}, "`$.weight`"),
        ({"address": "h", "port": 70000}, "has no usable port"),
        ({"address": "h", "port": 1, "id": "a b"}, "has no usable id"),
        ({"address": "h", "port": 1, "status": "up"}, "has no usable status"),
        ({"address": "h", "port": 1, "protocol": "x"}, "has no usable protocol"),
        ({"Address": "", "Port": 1}, "has no usable address"),
        ({"host": "h"}, "missing required field `port`"),
    ],
)
def test_anything_else_is_told_without_its_value(value: object, problem: str) -> None:
    with pytest.raises(RecordGarbled) as told:
        read(value)
    assert problem in str(told.value)


@pytest.mark.parametrize("evil", ["h;\n}", "h }", "a\nb", "h#", "$x", "fe80::1%;"])
def test_nothing_that_could_end_a_line_of_a_configuration_comes_through(
    evil: str,
) -> None:
    for facts in ({"address": evil, "port": 1}, {"host": evil, "port": 1}):
        with pytest.raises(RecordGarbled, match="address"):
            read(facts)
    with pytest.raises(RecordGarbled, match="id"):
        read(b"h:1", evil)


def test_what_was_found_cannot_be_changed() -> None:
    found: Any = read({"address": "h", "port": 1, "meta": {"a": "1"}})
    with pytest.raises(TypeError):
        found.meta["a"] = "2"
    with pytest.raises(AttributeError):
        found.port = 2
