"""The key and the value of a custom record: ``/traefik/{{ name }}/{{ id }}/url``.

Sandboxed and strict like every template; they see one service and nothing else, and
they are short, for the keeper has a lease to keep alive meanwhile.
"""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import (
    Template,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
)

from confwatch.errors import RegistrationRejected, RenderError
from confwatch.model.endpoint import endpoint
from confwatch.model.health import Status
from confwatch.model.keys import decoded
from confwatch.model.service import CustomRecord, Service
from confwatch.render.environment import TemplateEnvironment
from confwatch.render.limits import Allowance, Limits
from confwatch.render.loader import FolderLoader
from confwatch.render.renderer import executed

LIMITS = Limits(seconds=0.5, max_bytes=64 * 1024)


class _NoFolder(FolderLoader):
    """Finds nothing: a record is not made of files."""

    def path(self, name: str) -> Path:
        """Say that there is no such template.

        Raises:
            TemplateNotFound: always.
        """
        raise TemplateNotFound(name)


class RecordTexts:
    """Fills in the texts of custom records."""

    def __init__(self) -> None:
        self._allowance = Allowance(LIMITS)
        self._environment = TemplateEnvironment(
            _NoFolder(Path()), {}, self._allowance, lambda _: None
        )
        self._known: dict[str, Template] = {}

    def filled(self, service: Service, address: str, status: Status) -> CustomRecord:
        """Return the key and the value of a service whose format is custom.

        Raises:
            RegistrationRejected: a text cannot be filled in; names the field.
        """
        texts, seen = service.custom, _facts(service, address, status)
        if texts is None:
            raise RegistrationRejected(service.store, f"{service.id}: no key and value")
        return CustomRecord(
            self._filled(service, "key", texts.key, seen),
            self._filled(service, "value", texts.value, seen),
        )

    def _filled(
        self, service: Service, field: str, text: str, seen: Mapping[str, object]
    ) -> str:
        """Fill in one text.

        Raises:
            RegistrationRejected: as ``filled``.
        """
        try:
            template = self._known.get(text)
            if template is None:
                template = self._known[text] = self._environment.from_string(text)
            return decoded(executed(template, seen, self._allowance, field))
        except (RenderError, TemplateError) as error:
            told = error.problem if isinstance(error, RenderError) else str(error)
            problem = f"{field} of {service.id} cannot be filled in: {told}"
            raise RegistrationRejected(service.store, problem) from error


def problems(texts: CustomRecord) -> tuple[tuple[str, str], ...]:
    """Tell what is wrong with the texts themselves: pairs of a field and a problem."""
    environment = TemplateEnvironment(
        _NoFolder(Path()), {}, Allowance(LIMITS), lambda _: None
    )
    names = _facts(Service("", "", 0), "", Status.PASSING).keys()
    found: list[tuple[str, str]] = []
    for field, text in (("key", texts.key), ("value", texts.value)):
        try:
            inserted = meta.find_undeclared_variables(environment.parse(text))
        except TemplateSyntaxError as error:
            found.append((field, f"cannot be filled in: {error.message}"))
            continue
        unknown = inserted - names - environment.globals.keys()
        if unknown:
            known = ", ".join(sorted(names))
            found.append((field, f"inserts {min(unknown)}, which is none of {known}"))
    return tuple(found)


def _facts(service: Service, address: str, status: Status) -> dict[str, object]:
    """Return what the texts see: the service, as it is announced now."""
    ttl_s = service.ttl_s
    return {
        "address": address,
        "domain": service.domain or "",
        "endpoint": endpoint(address, service.port),
        "id": service.id,
        "meta": dict(sorted((service.meta or {}).items())),
        "name": service.name,
        "port": service.port,
        "prefix": service.prefix,
        "protocol": service.protocol,
        "status": status.value,
        "store": service.store,
        "tags": service.tags,
        "ttl": int(ttl_s) if ttl_s == int(ttl_s) else ttl_s,
        "weight": service.weight,
    }
