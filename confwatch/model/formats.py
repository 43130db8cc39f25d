"""What a record of each format has room for, and the key where it stands."""

from collections.abc import Mapping

from msgspec import Struct

from confwatch.model.keys import Key, join
from confwatch.model.service import Format, Service

SKYDNS = Key("/skydns")
"""Where SkyDNS and CoreDNS look unless they are told otherwise."""

WILDCARDS = frozenset({"any"})
"""Labels that CoreDNS takes for any other.

Source: github.com/coredns/coredns, plugin/etcd/msg/path.go, ``PathWithWildcard``.
"""

_NO_LETTERS = str.maketrans("._:", "---")


class Room(Struct, frozen=True):
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
    return None if service.format is Format.CUSTOM else fixed_key(service)


def fixed_key(service: Service) -> Key:
    """Return where the record of a service stands whose format fixes that."""
    if service.format is Format.SKYDNS:
        folder = skydns_folder(service.prefix, service.domain or "", service.name)
        return join(folder, dns_label(service.id))
    return join(service.prefix, f"{service.name}/{service.id}")


def skydns_folder(prefix: Key, domain: str, name: str) -> Key:
    """Return where a service's records stand: the labels of its name, the last first.

    Source: github.com/coredns/coredns, plugin/etcd/msg/path.go, ``Path``.
    """
    labels = f"{name}.{domain}".lower().split(".")
    return join(prefix, "/".join(reversed(labels)))


def dns_label(text: str) -> str:
    """Return an id as one label of a DNS name: lower case, ``. _ :`` as ``-``."""
    return text.lower().translate(_NO_LETTERS)
