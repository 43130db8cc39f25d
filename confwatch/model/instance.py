"""One announced instance of a service, as readers find it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from confwatch.model.endpoint import endpoint
from confwatch.model.health import Status
from confwatch.model.service import DEFAULT_WEIGHT

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Instance:
    """What a record says; what its format has no room for is as it is by default.

    Templates see it and keep it between renders, so nothing in it can be changed.

    Attributes:
        name: of the service, which is the folder it was found in.
        id: unique below the name.
        address: IP address or host name.
        port: 1 to 65535.
        protocol: "tcp" or "udp".
        tags: in the record's order.
        meta: free text by name, sorted.
        weight: 0 or more.
        status: "passing", "warning" or "critical".
        endpoint: address and port as one text, ``[2001:db8::1]:80`` for IPv6.
    """

    name: str
    id: str
    address: str
    port: int
    protocol: str = "tcp"
    tags: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    weight: int = DEFAULT_WEIGHT
    status: str = Status.PASSING.value
    endpoint: str = field(init=False)

    def __post_init__(self) -> None:
        """Freeze the mapping, and join what templates print most."""
        object.__setattr__(self, "meta", MappingProxyType(dict(self.meta)))
        object.__setattr__(self, "endpoint", endpoint(self.address, self.port))
