"""The ``services:`` of a resource: what will be announced, once it deserves it.

Resolves host name and environment; announces nothing and asks no network.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from confwatch.config import scalars
from confwatch.config.claims import Claim
from confwatch.config.health import health_check_of
from confwatch.config.host import Host
from confwatch.config.known import Known
from confwatch.config.nodes import Node
from confwatch.config.places import Place, Placed, Told, quoted
from confwatch.config.readers import form
from confwatch.config.service_address import address_rules
from confwatch.config.service_form import ServiceForm, drain_of
from confwatch.config.service_formats import (
    custom_of,
    default_id,
    domain_of,
    judge_format,
    prefix_of,
)
from confwatch.model.formats import key_of
from confwatch.model.health import HealthCheck
from confwatch.model.service import OnDown, Service

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_HOSTNAME = re.compile(r"\{\{\s*hostname\s*\}\}")
_MAX_META, _MAX_META_BYTES = 64, 512
_MIN_TTL_S, _TIGHT_TTL_S = 2.0, 10.0
_MIN_REFRESH_S = 0.2

_HINTS = {
    "ip": 'is named "address"',
    "host": 'is named "address"',
    "check": 'is named "checks", a list',
    "interval": "belongs to an entry of checks",
    "timeout": "belongs to an entry of checks",
    "rise": "belongs to an entry of checks",
    "fall": "belongs to an entry of checks",
}


def read_service(node: Node, place: Place) -> Placed[ServiceForm]:
    """Read one entry of ``services:``."""
    return Placed(form(ServiceForm, _HINTS)(node, place), place)


def services_of(
    written: Iterable[Placed[ServiceForm]], known: Known
) -> tuple[Placed[Service], ...]:
    """Return what is announced: an entry of several stores is one service in each.

    Each stands where its id is written.

    Raises:
        Told: one cannot be used; everything wrong in any of them was told.
    """
    made: list[Placed[Service]] = []
    refused = False
    for one in written:
        try:
            made += _in_stores(one.value, one.place, known)
        except Told:
            refused = True
    if refused:
        raise Told
    return tuple(made)


def claims_of(services: Iterable[Placed[Service]]) -> list[Claim]:
    """Return what nobody else may have: the id below its name, and the record's key."""
    claims: list[Claim] = []
    for one in services:
        key = key_of(one.value)
        claims.append(Claim("id", str(one.value.ref), one.place))
        if key is not None:
            claims.append(Claim("record", f"{one.value.store}:{key}", one.place))
    return claims


def _in_stores(
    written: ServiceForm, place: Place, known: Known
) -> list[Placed[Service]]:
    """Make a service for each of its stores."""
    stores = [known.announcing_store(one, place) for one in written.store or (None,)]
    number = _port(written.port, known.host)
    made_id = _id(written, number, place, known.host)
    judge_format(written, made_id, place)
    service = _service(written, made_id.value, number, known)
    return [Placed(replace(service, store=one), made_id.place) for one in stores]


def _service(written: ServiceForm, made_id: str, port: int, known: Known) -> Service:
    """Fill in what the machine knows, for a store that is named later."""
    ttl_s, refresh_s = _times(written)
    host = known.host
    return Service(
        name=written.name.value,
        id=made_id,
        port=port,
        address=address_rules(written.address, host, loopback=written.allow_loopback),
        allow_loopback=written.allow_loopback,
        protocol=written.protocol,
        tags=_tags(written, host),
        meta=_meta(written.meta, host),
        weight=written.weight.value if written.weight else 100,
        ttl_s=ttl_s,
        refresh_s=refresh_s,
        initial=written.initial,
        format=written.format,
        prefix=prefix_of(written, known.announcing.prefix),
        domain=domain_of(written),
        custom=custom_of(written),
        gate=written.gate,
        checks=_checks(written, port, known),
        on_down=written.on_down.value if written.on_down else OnDown.DELETE,
        drain=drain_of(written.drain, known),
        on_conflict=written.conflict,
        flap=written.flap,
    )


def _port(written: Placed[str], host: Host) -> int:
    text = host.resolved(written.value, written.place)
    try:
        return scalars.port(text)
    except ValueError as error:
        raise written.place.refuse(f"expected {error}, got {quoted(text)}") from None


def _id(written: ServiceForm, port: int, place: Place, host: Host) -> Placed[str]:
    """Return the id and where it stands; warn of one that a restart changes."""
    at, text = place, default_id(written, port, host)
    if written.id is not None:
        at = written.id.place
        text = host.inserted(written.id.value, at)
    if not _ID.fullmatch(text):
        expected = "an id of letters, digits, . _ : - (at most 128)"
        at = place.at("id", place.line) if written.id is None else at
        raise at.refuse(f"expected {expected}, got {quoted(text)}")
    named = written.id is None or _HOSTNAME.search(written.id.value)
    if named and host.looks_borrowed:
        at.warn(
            f"the host name {host.name} looks like a container's, which changes with"
            " every new one: write an id that stays"
        )
    return Placed(text, at)


def _checks(written: ServiceForm, port: int, known: Known) -> tuple[HealthCheck, ...]:
    """Return the checks; everything wrong in any of them is told."""
    made: list[HealthCheck] = []
    for one in written.checks:
        with suppress(Told):
            made.append(health_check_of(one.value, port, known))
    if len(made) < len(written.checks):
        raise Told
    return tuple(made)


def _tags(written: ServiceForm, host: Host) -> tuple[str, ...]:
    tags = written.tags.value if written.tags else ()
    return tuple(host.inserted(one.value, one.place) for one in tags)


def _meta(
    written: Placed[dict[str, Placed[str]]] | None, host: Host
) -> Mapping[str, str] | None:
    """Return the free texts, within the bounds that every store keeps."""
    if written is None:
        return None
    if len(written.value) > _MAX_META:
        raise written.place.refuse(f"expected at most {_MAX_META} names")
    filled: dict[str, str] = {}
    for key, text in written.value.items():
        filled[key] = host.inserted(text.value, text.place)
        if len(filled[key].encode()) > _MAX_META_BYTES:
            raise text.place.refuse(f"expected at most {_MAX_META_BYTES} bytes")
    return filled


def _times(written: ServiceForm) -> tuple[float, float]:
    """Return ttl and refresh: one lost beat must not take a service away."""
    ttl_s = written.ttl.value if written.ttl else 15.0
    if written.ttl and ttl_s < _MIN_TTL_S:
        raise written.ttl.place.refuse("expected at least 2s: etcd grants no less")
    if written.ttl and ttl_s < _TIGHT_TTL_S:
        written.ttl.place.warn("below 10s a slow moment takes the service away")
    if written.refresh is None:
        return ttl_s, ttl_s / 3
    if written.refresh.value < _MIN_REFRESH_S:
        raise written.refresh.place.refuse("expected at least 200ms")
    if 2 * written.refresh.value >= ttl_s:
        raise written.refresh.place.refuse("expected less than half of ttl")
    return ttl_s, written.refresh.value
