"""How a service is written down for those who look for it. Pure.

The same bytes for the same facts: no time stamp and a fixed order of names, so that
announcing a service again after a restart wakes nobody who watches it.
"""

import json
from collections.abc import Mapping

from confwatch.contracts import CustomTexts
from confwatch.errors import RegistrationRejected
from confwatch.model.endpoint import endpoint
from confwatch.model.formats import fixed_key
from confwatch.model.health import Status
from confwatch.model.keys import ROOT, Key, clean, encoded
from confwatch.model.service import DEFAULT_WEIGHT, Format, Record, Service

VERSION = 1
MOST_KEY_BYTES = 1024
CLAMPED_S = 30
"""CoreDNS takes any shorter lease for this long, so such a record says its own ttl."""


class Formats:
    """Writes records in every format."""

    def __init__(self, custom: CustomTexts) -> None:
        """Write records, the custom ones with the texts that *custom* fills in."""
        self._custom = custom

    def record(self, service: Service, address: str, status: Status) -> Record:
        """Write a service down.

        Args:
            service: as it is declared.
            address: IP address or host name that ``service.address`` came to.
            status: how it is; a format without room for it is for passing ones only.

        Raises:
            RegistrationRejected: a custom text cannot be filled in, or its key is none.
        """
        match service.format:
            case Format.JSON:
                return _as_json(service, _plain_facts(service, address, status))
            case Format.CONSUL:
                return _as_json(service, _consul_facts(service, address, status))
            case Format.SKYDNS:
                return _as_json(service, _skydns_facts(service, address))
            case Format.REGISTRATOR:
                text = endpoint(address, service.port)
                return Record(fixed_key(service), text.encode())
            case Format.CUSTOM:
                return self._custom_record(service, address, status)

    def _custom_record(self, service: Service, address: str, status: Status) -> Record:
        """Fill in the operator's own texts, the key confined to what a key may be."""
        filled = self._custom.filled(service, address, status)
        key = clean(filled.key)
        if key != filled.key or key == ROOT or not _plain(key):
            # Not the text: what was filled in came from outside.
            problem = (
                f"key of {service.id}: expected a key such as /x/y, without"
                " blanks, // or a slash at its end"
            )
            raise RegistrationRejected(service.store, problem)
        return Record(key, encoded(filled.value))


def _as_json(service: Service, facts: Mapping[str, object]) -> Record:
    return Record(fixed_key(service), _text(facts))


def _text(facts: Mapping[str, object]) -> bytes:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode()


def _plain(key: Key) -> bool:
    """Tell whether a key is short and of visible characters, none of its names dots."""
    names = key.split("/")
    return (
        len(encoded(key)) <= MOST_KEY_BYTES
        and key.isprintable()
        and " " not in key
        and not {".", ".."} & {*names}
    )


def _plain_facts(service: Service, address: str, status: Status) -> dict[str, object]:
    """Return our own format: everything, under the names templates use."""
    return {
        "v": VERSION,
        "id": service.id,
        "name": service.name,
        "address": address,
        "port": service.port,
        "protocol": service.protocol,
        "tags": list(service.tags),
        "meta": dict(sorted((service.meta or {}).items())),
        "weight": service.weight,
        "status": status.value,
    }


def _consul_facts(service: Service, address: str, status: Status) -> dict[str, object]:
    """Return what Consul's agent takes to register the service.

    Source: https://developer.hashicorp.com/consul/api-docs/agent/service, "Register
    Service".
    """
    return {
        "ID": service.id,
        "Name": service.name,
        "Tags": list(service.tags),
        "Address": address,
        "Port": service.port,
        "Meta": dict(sorted((service.meta or {}).items())),
        "Weights": {"Passing": service.weight, "Warning": 1},
        "Check": {
            "TTL": _go_duration(service.ttl_s),
            "Status": status.value,
            "DeregisterCriticalServiceAfter": _go_duration(max(60, 10 * service.ttl_s)),
            "Notes": "confwatch",
        },
    }


def _skydns_facts(service: Service, address: str) -> dict[str, object]:
    """Return what CoreDNS reads: Go's order of fields, those left out that are zero.

    A weight is left out where it is what CoreDNS takes for granted.
    Source: github.com/coredns/coredns, plugin/etcd/msg/service.go, ``Service``.
    """
    facts: dict[str, object] = {"host": address, "port": service.port}
    if service.weight != DEFAULT_WEIGHT:
        facts["weight"] = service.weight
    if service.ttl_s < CLAMPED_S:
        facts["ttl"] = max(int(service.ttl_s), 1)
    return facts


def _go_duration(seconds: float) -> str:
    """Write a duration as Go reads it: ``15s``, ``2500ms``."""
    if seconds == int(seconds):
        return f"{int(seconds)}s"
    return f"{round(seconds * 1000)}ms"
