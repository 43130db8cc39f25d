"""Records for CoreDNS, held against its rules; it is not installed, so they stand here.

Source: github.com/coredns/coredns, plugin/etcd/etcd.go (``loopNodes``, ``TTL``),
plugin/etcd/msg/path.go (``Path``) and plugin/etcd/msg/service.go (``Service``).
"""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from confwatch.model.formats import SKYDNS, key_of
from confwatch.model.health import Status
from confwatch.model.service import Format, Record, Service
from confwatch.registration.formats import Formats
from confwatch.render.custom import RecordTexts

GO_FIELDS = {
    "host": str,
    "port": int,
    "priority": int,
    "weight": int,
    "text": str,
    "mail": bool,
    "ttl": int,
    "targetstrip": int,
    "group": str,
}
WEB = Service(
    name="web",
    id="web-host1-8080",
    port=8080,
    format=Format.SKYDNS,
    domain="cluster.local",
    prefix=SKYDNS,
    ttl_s=60.0,
)


def written(service: Service, address: str = "10.0.0.5") -> Record:
    return Formats(RecordTexts()).record(service, address, Status.PASSING)


def path_of(name: str) -> str:
    """Return the key that CoreDNS looks a name up by: lower case, labels reversed."""
    return "/skydns/" + "/".join(reversed(name.lower().rstrip(".").split(".")))


def test_the_bytes_are_those_of_registrator() -> None:
    assert written(WEB) == Record(
        key_of(WEB) or WEB.prefix, b'{"host":"10.0.0.5","port":8080}'
    )
    assert key_of(WEB) == "/skydns/local/cluster/web/web-host1-8080"


def test_a_lookup_of_the_service_finds_the_record() -> None:
    key = str(key_of(WEB))
    assert key.startswith(path_of("web.cluster.local.") + "/")
    assert key == path_of("web-host1-8080.web.cluster.local.")


def test_names_are_lower_case_labels_since_queries_are_lowered_before_they_are_looked_up() -> (
    None
):
    service = replace(WEB, id="Host.1:Web:80", domain="Cluster.LOCAL.")
    assert key_of(service) == "/skydns/local/cluster/web/host-1-web-80"


def test_fields_stand_in_gos_order_without_zero_values() -> None:
    value = json.loads(written(replace(WEB, weight=7, ttl_s=10.0)).value)
    assert value == {"host": "10.0.0.5", "port": 8080, "weight": 7, "ttl": 10}
    assert list(value) == [name for name in GO_FIELDS if name in value]
    assert all(value.values())


def test_a_short_lease_says_its_own_ttl_since_coredns_takes_it_for_thirty_seconds() -> (
    None
):
    assert json.loads(written(replace(WEB, ttl_s=29.5)).value)["ttl"] == 29
    assert "ttl" not in json.loads(written(replace(WEB, ttl_s=30.0)).value)


def test_the_weight_coredns_takes_for_granted_is_left_out() -> None:
    assert "weight" not in json.loads(written(WEB).value)


@given(
    st.integers(1, 65535),
    st.integers(1, 65535),
    st.floats(2, 10_000),
    st.sampled_from(["10.0.0.5", "2001:db8::1", "h.example"]),
)
def test_every_record_is_of_the_types_that_coredns_reads(
    port: int, weight: int, ttl_s: float, address: str
) -> None:
    service = replace(WEB, port=port, weight=weight, ttl_s=ttl_s)
    value = json.loads(written(service, address).value)
    # One value of another type fails the whole lookup.
    assert all(type(field) is GO_FIELDS[name] for name, field in value.items())
    assert value["host"]  # else the record is left out of every answer
