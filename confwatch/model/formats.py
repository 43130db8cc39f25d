"""What a record of each format has room for, and the key where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass

from confwatch.model.keys import Key, join
from confwatch.model.service import Format, Service

SKYDNS = Key("/skydns")
"""Where SkyDNS and CoreDNS look unless they are told otherwise."""

_NO_LETTERS = str.maketrans("._:", "---")


@dataclass(frozen=True, slots=True)
class Room:
    """Which facts of a service its record can carry beside address and port."""

    tags: bool = True
    meta: bool = True
    weight: bool = True
    status: bool = True


ROOM: Mapping[Format, Room] = {
    Format.JSON: Room(),
    Format.REGISTRATOR: Room(tags=False, meta=False, weight=False, status=False),
    Format.SKYDNS: Room(tags=False, meta=False, status=False),
    Format.CONSUL: Room(),
    Format.CUSTOM: Room(),
}


def key_of(service: Service) -> Key | None:
    """Return where the record stands; None where only its own template knows."""
    match service.format:
        case Format.CUSTOM:
            return None
        case Format.SKYDNS:
            domain = "/".join(reversed((service.domain or "").lower().split(".")))
            below = f"{domain}/{service.name}/{dns_label(service.id)}"
        case _:
            below = f"{service.name}/{service.id}"
    return join(service.prefix, below)


def dns_label(text: str) -> str:
    """Return an id as one label of a DNS name: lower case, ``. _ :`` as ``-``."""
    return text.lower().translate(_NO_LETTERS)
