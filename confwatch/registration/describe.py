"""A service to its record: where it is reached, written down in its format."""

from collections.abc import Container
from dataclasses import dataclass

from confwatch.model.health import Status
from confwatch.model.service import Record, Service, ServiceRef
from confwatch.registration.address import Addresses
from confwatch.registration.formats import Formats


@dataclass(frozen=True, slots=True)
class _Made:
    service: Service
    address: str
    status: Status
    record: Record


class Describer:
    """Makes records, and keeps them while nothing about them changes."""

    def __init__(self, addresses: Addresses, formats: Formats) -> None:
        self._addresses = addresses
        self._formats = formats
        self._made: dict[ServiceRef, _Made] = {}

    def keep(self, refs: Container[ServiceRef]) -> None:
        """Forget all records but these."""
        for gone in [ref for ref in self._made if ref not in refs]:
            del self._made[gone]

    async def record(self, service: Service, status: Status) -> Record:
        """Return the record of a service as it is now.

        Raises:
            RegistrationRejected: it has no address, or its format has no place for it.
        """
        address = await self._addresses.of(service)
        made = self._made.get(service.ref)
        if (
            made is None
            or made.service is not service
            or (made.address, made.status) != (address, status)
        ):
            record = self._formats.record(service, address, status)
            made = _Made(service, address, status, record)
            self._made[service.ref] = made
        return made.record
