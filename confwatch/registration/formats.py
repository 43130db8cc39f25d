"""How a service is written down for those who look for it. Pure."""

import json

from confwatch.model.keys import Key, join
from confwatch.model.service import Record, Service

VERSION = 1


def key_of(service: Service) -> Key:
    """Return where the record of a service stands: ``<prefix>/<name>/<id>``."""
    return join(service.prefix, f"{service.name}/{service.id}")


def json_record(service: Service, address: str) -> Record:
    """Write a service as JSON, the same bytes for the same facts.

    No time stamp and a fixed order of names, so that announcing a service again after
    a restart wakes nobody who watches it.

    Args:
        service: as it is declared.
        address: IP address or host name that ``service.address`` came to.
    """
    facts = {
        "v": VERSION,
        "id": service.id,
        "name": service.name,
        "address": address,
        "port": service.port,
        "protocol": service.protocol,
        "tags": list(service.tags),
        "meta": dict(sorted((service.meta or {}).items())),
        "weight": service.weight,
        "status": "passing",
    }
    text = json.dumps(facts, ensure_ascii=False, separators=(",", ":"))
    return Record(key_of(service), text.encode())
