"""A service, as it is declared and as it is announced."""

from collections.abc import Mapping
from dataclasses import dataclass

from confwatch.model.keys import Key

REGISTRATIONS = Key("/services")
"""Where records stand unless a service says otherwise."""


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of a resource's ``services:``.

    Attributes:
        name: what readers look for.
        id: unique in the store below its name.
        address: an IP or host name, or "auto": the address we reach the store from.
        port: 1 to 65535.
        protocol: "tcp" or "udp".
        tags: in the order they were written.
        meta: free text by name.
        weight: 0 to 65535.
        ttl_s: how long the record outlives its last renewal.
        refresh_s: time between renewals; less than half of *ttl_s*.
        prefix: base of the record's key; a resource's own prefix does not touch it.
        store: name of the store it is announced in.
    """

    name: str
    id: str
    port: int
    address: str = "auto"
    protocol: str = "tcp"
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] | None = None
    weight: int = 100
    ttl_s: float = 15.0
    refresh_s: float = 5.0
    prefix: Key = REGISTRATIONS
    store: str = "main"


@dataclass(frozen=True, slots=True)
class Record:
    """What a registrar writes for one service: the same bytes for the same facts."""

    key: Key
    value: bytes


@dataclass(frozen=True, slots=True)
class LeaseState:
    """What the next start needs to adopt a lease that was left standing.

    Attributes:
        store: the store's URL as it may be shown; another one is another lease.
        lease: the store's own id for it.
        ttl_s: as the store granted it.
        keys: what stands under it.
        boot_id: of the machine; after another boot it is not ours any more.
        host: of the machine, for state folders that are shared.
    """

    store: str
    lease: str
    ttl_s: float
    keys: tuple[Key, ...]
    boot_id: str
    host: str
