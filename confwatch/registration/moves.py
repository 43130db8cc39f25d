"""What was declared before and is not any more, but has a successor. Pure.

A service whose id, lease or store changed is announced anew before its old record goes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from confwatch.model.service import Service, ServiceRef


@dataclass(frozen=True, slots=True)
class Lease:
    """Names a keeper: the store and the TTL of its lease."""

    store: str
    ttl_s: float

    def __str__(self) -> str:
        """Read like ``main 15s``; leases are remembered by this."""
        return f"{self.store} {self.ttl_s:g}s"


@dataclass(frozen=True, slots=True)
class Leaving:
    """A service whose record stays until its successors stand."""

    service: Service
    successors: frozenset[ServiceRef]


def lease_named(name: str) -> Lease | None:
    """Return the lease whose text *name* is; None where it is none's."""
    store, _, ttl = name.rpartition(" ")
    try:
        return Lease(store, float(ttl.removesuffix("s"))) if store else None
    except ValueError:
        return None


def lease_of(service: Service) -> Lease:
    """Return the lease that a service's record is under."""
    return Lease(service.store, service.ttl_s)


def leaving(
    before: Mapping[str, Iterable[Service]], now: Mapping[str, Iterable[Service]]
) -> list[Leaving]:
    """List what has to wait for its successors.

    Args:
        before: services by resource.
        now: likewise.
    """
    stay = {(one.ref, lease_of(one)) for services in now.values() for one in services}
    found = []
    for resource, services in before.items():
        for old in services:
            if (old.ref, lease_of(old)) in stay:
                continue
            heirs = _heirs(old, now.get(resource, ()), services)
            if heirs:
                found.append(Leaving(old, heirs))
    return found


def _heirs(
    old: Service, now: Iterable[Service], before: Iterable[Service]
) -> frozenset[ServiceRef]:
    """Name the new services of the same name."""
    known = {(one.ref, lease_of(one)) for one in before}
    return frozenset(
        one.ref
        for one in now
        if one.name == old.name and (one.ref, lease_of(one)) not in known
    )


def handed_on(leaves: Iterable[Leaving], moved: Iterable[Leaving]) -> list[Leaving]:
    """Let what waits for a successor that moves as well wait for the one after it.

    Args:
        leaves: what waited before.
        moved: what moves now.
    """
    heirs = {one.service.ref: one.successors for one in moved}
    return [
        Leaving(
            one.service,
            frozenset().union(*(heirs.get(ref, {ref}) for ref in one.successors)),
        )
        for one in leaves
    ]
