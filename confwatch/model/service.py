"""A service, as it is declared and as it is announced."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from typing import NamedTuple

from confwatch.model.address import AddressRule, Auto
from confwatch.model.health import HealthCheck, Status
from confwatch.model.keys import Key

REGISTRATIONS = Key("/services")
"""Where records stand unless a service says otherwise."""

DEFAULT_WEIGHT = 100
"""Of a service that was given none, also where a record has no room for it."""


class Format(Enum):
    """How a record is written down."""

    JSON = "json"
    REGISTRATOR = "registrator"
    SKYDNS = "skydns"
    CONSUL = "consul"
    CUSTOM = "custom"


class OnDown(Enum):
    """What becomes of the record of a service whose checks fail."""

    DELETE = "delete"
    MARK = "mark"
    """It stays, with status critical."""


class OnConflict(Enum):
    """What to do where a living lease of somebody else holds the key."""

    TAKEOVER = "takeover"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Gate:
    """What of its resource a service depends on.

    Attributes:
        keep_on_check_failed: a refused configuration leaves the older one serving.
        keep_on_reload_failed: nobody knows what the service does then.
        accept_existing: files that are already right open the gate without a reload.
    """

    keep_on_check_failed: bool = True
    keep_on_reload_failed: bool = False
    accept_existing: bool = True


@dataclass(frozen=True, slots=True)
class Drain:
    """How a service is taken away.

    Attributes:
        wait_s: between the withdrawal and the end of everything else.
        file: while it exists the service is withdrawn; None for no such file.
        deregister_timeout_s: a withdrawal may take this long at a stop; None for what
            the settings say.
    """

    wait_s: float = 0.0
    file: str | None = None
    deregister_timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class Flap:
    """How much change is too much: beyond it the service is held down until calm.

    Attributes:
        max_changes: of its verdict.
        per_s: within this time.
    """

    max_changes: int = 6
    per_s: float = 60.0


@dataclass(frozen=True, slots=True)
class CustomRecord:
    """Jinja texts of a record's key and value; they see the service's fields."""

    key: str
    value: str


class ServiceRef(NamedTuple):
    """Names one registration: one service in one store."""

    store: str
    name: str
    id: str

    def __str__(self) -> str:
        """Read like ``main:web/web-host1-80``."""
        return f"{self.store}:{self.name}/{self.id}"


@dataclass(frozen=True, slots=True)
class Service:
    """One entry of a resource's ``services:``, in one store.

    Attributes:
        name: what readers look for.
        id: unique in the store below its name.
        port: 1 to 65535.
        address: rules in the order they are tried; the first that finds one wins.
        allow_loopback: whether an address that only this machine reaches will do.
        protocol: "tcp" or "udp".
        tags: in the order they were written.
        meta: free text by name.
        weight: 0 to 65535.
        ttl_s: how long the record outlives its last renewal.
        refresh_s: time between renewals; less than half of *ttl_s*.
        initial: what it is taken for before its checks have a verdict.
        format: how its record is written.
        prefix: base of the record's key; a resource's own prefix does not touch it.
        domain: for skydns, such as ``cluster.local``.
        custom: for custom, its key and value.
        store: name of the store it is announced in.
        gate: what of its resource it depends on.
        checks: all must pass; none: the gate alone decides.
        on_down: what becomes of the record when they do not.
        drain: how it is taken away.
        on_conflict: what to do about somebody else's record.
        flap: how much change is too much.
    """

    name: str
    id: str
    port: int
    address: tuple[AddressRule, ...] = (Auto(),)
    allow_loopback: bool = False
    protocol: str = "tcp"
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] | None = None
    weight: int = DEFAULT_WEIGHT
    ttl_s: float = 15.0
    refresh_s: float = 5.0
    initial: Status = Status.CRITICAL
    format: Format = Format.JSON
    prefix: Key = REGISTRATIONS
    domain: str | None = None
    custom: CustomRecord | None = None
    store: str = "main"
    gate: Gate = Gate()
    checks: tuple[HealthCheck, ...] = ()
    on_down: OnDown = OnDown.DELETE
    drain: Drain = Drain()
    on_conflict: OnConflict = OnConflict.TAKEOVER
    flap: Flap = Flap()

    @property
    def ref(self) -> ServiceRef:
        """The name of its registration."""
        return ServiceRef(self.store, self.name, self.id)


@dataclass(frozen=True, slots=True)
class Record:
    """What a registrar writes for one service: the same bytes for the same facts."""

    key: Key
    value: bytes

    @property
    def digest(self) -> str:
        """SHA-256 of its bytes, in hex."""
        return digest_of(self.value)


def digest_of(value: bytes) -> str:
    """Return the digest that tells one record's bytes from another's."""
    return sha256(value).hexdigest()


@dataclass(frozen=True, slots=True)
class Written:
    """A write that the store has confirmed.

    Attributes:
        digest: of the bytes, as ``Record.digest``.
        mark: the store's own name for that very write; "" where it has none.
    """

    digest: str
    mark: str = ""


@dataclass(frozen=True, slots=True)
class LeaseState:
    """What the next start needs to adopt a lease that was left standing.

    Attributes:
        store: the store's URL as it may be shown; another one is another lease.
        lease: the store's own id for it.
        ttl_s: as it was asked for.
        keys: what may stand under it; also where the answer to a put was lost.
        boot_id: of the machine; after another boot it is not ours any more.
        host: of the machine, for state folders that are shared.
        written: what of *keys* was confirmed, so that it need not be asked for again.
    """

    store: str
    lease: str
    ttl_s: float
    keys: tuple[Key, ...]
    boot_id: str
    host: str
    written: Mapping[Key, Written] = field(default_factory=dict)
