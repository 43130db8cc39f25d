"""What the daemon tells of the services it announces."""

import time
from typing import Any

from confwatch.model.service import Service
from confwatch.registration.moves import lease_of
from confwatch.registration.registrations import Registrations


def service_rows(registrations: Registrations) -> list[dict[str, Any]]:
    """Return a row for each registration; spans end in ``_s``, times are epochs."""
    rows = [_row(registrations, *one) for one in registrations.services]
    return sorted(rows, key=lambda row: (row["name"], row["id"], row["store"]))


def _row(
    registrations: Registrations, resource: str, service: Service
) -> dict[str, Any]:
    """Tell where one registration stands."""
    entry = registrations.ledger.entries[service.ref]
    keeper = registrations.keepers.get(lease_of(service))
    changes = registrations.decisions.changes.get(service.ref)
    confirmed_at = keeper and keeper.confirmed_at
    return {
        "name": service.name,
        "id": service.id,
        "store": service.store,
        "resource": resource,
        "state": entry.state.value,
        "why": entry.why,
        "since": entry.since,
        "key": entry.key,
        "ttl_s": service.ttl_s,
        "confirmed_s": confirmed_at and round(_boot_now() - confirmed_at, 1),
        "renewals": keeper.renewals if keeper else 0,
        "losses": entry.losses,
        "changes": changes.count if changes else 0,
        "error": entry.error and str(entry.error),
    }


def _boot_now() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
