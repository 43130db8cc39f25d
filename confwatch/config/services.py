"""The ``services:`` of a resource: what will be announced, once it deserves it.

Resolves host name and environment; announces nothing and asks no network.
"""

import ipaddress
import re
from collections.abc import Mapping
from typing import Annotated

from confwatch.config import scalars
from confwatch.config.commands import positive
from confwatch.config.host import Host
from confwatch.config.keys import plain_key
from confwatch.config.known import Known
from confwatch.config.nodes import Node
from confwatch.config.places import Place, Placed, quoted
from confwatch.config.readers import (
    Form,
    choice,
    form,
    list_of,
    mapping_of,
    placed,
    scalar,
    whole,
)
from confwatch.model.address import AddressRule, Auto, Literal
from confwatch.model.keys import Key
from confwatch.model.service import REGISTRATIONS, Service

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_META_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_HOST = re.compile(
    r"(?!-)(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.(?!-)[A-Za-z0-9_-]{1,63})*\.?"
)
_MAX_META, _MAX_META_BYTES = 64, 512
_MIN_TTL_S = 2.0


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("a text")
    return text


def _meta_name(text: str) -> str:
    if not _META_NAME.fullmatch(text):
        raise ValueError("a name of letters, digits, _ - (at most 128)")
    return text


class ServiceForm(Form, frozen=True, kw_only=True):
    """One entry of ``services:`` as it is written."""

    name: Annotated[Placed[str], placed(scalar(scalars.name))]
    port: Annotated[Placed[str], placed(scalar(_filled))]
    id: Annotated[Placed[str] | None, placed(scalar(_filled))] = None
    address: Annotated[Placed[str] | None, placed(scalar(_filled))] = None
    protocol: Annotated[str, choice("tcp", "udp")] = "tcp"
    tags: Annotated[tuple[Placed[str], ...], list_of(placed(scalar(_filled)))] = ()
    meta: Annotated[
        Placed[dict[str, Placed[str]]] | None,
        placed(mapping_of(_meta_name, placed(scalar(str)))),
    ] = None
    weight: Annotated[int, whole(0, 65535)] = 100
    ttl: Annotated[Placed[float] | None, placed(scalar(positive))] = None
    refresh: Annotated[Placed[float] | None, placed(scalar(positive))] = None
    prefix: Annotated[Key, scalar(plain_key)] = REGISTRATIONS
    store: Annotated[Placed[str] | None, placed(scalar(scalars.name))] = None


_LATER = """
checks initial format domain key value gate on_down drain conflict flap allow_loopback
"""
_HINTS = dict.fromkeys(_LATER.split(), "not available yet")


def read_service(node: Node, place: Place) -> Placed[ServiceForm]:
    """Read one entry of ``services:``."""
    return Placed(form(ServiceForm, _HINTS)(node, place), place)


def service_of(written: ServiceForm, place: Place, known: Known) -> Service:
    """Fill in what the machine knows, and judge what depends on other fields."""
    if not _LABEL.fullmatch(written.name.value):
        written.name.place.warn("is not a DNS label; some readers cannot look it up")
    ttl_s, refresh_s = _times(written)
    number = _port(written.port, known.host)
    return Service(
        name=written.name.value,
        id=_id(written, number, place, known.host),
        port=number,
        address=(_address(written.address, known.host),),
        protocol=written.protocol,
        tags=tuple(known.host.inserted(one.value, one.place) for one in written.tags),
        meta=_meta(written.meta, known.host),
        weight=written.weight,
        ttl_s=ttl_s,
        refresh_s=refresh_s,
        prefix=written.prefix,
        store=known.store(written.store, place),
    )


def _port(written: Placed[str], host: Host) -> int:
    text = host.resolved(written.value, written.place)
    try:
        return scalars.port(text)
    except ValueError as error:
        raise written.place.refuse(f"expected {error}, got {quoted(text)}") from None


def _id(written: ServiceForm, number: int, place: Place, host: Host) -> str:
    """Return the id; unique where name, host, port and protocol are."""
    ending = "-udp" if written.protocol == "udp" else ""
    text = f"{written.name.value}-{host.name}-{number}{ending}"
    at = place.at("id", place.line)
    if written.id is not None:
        at = written.id.place
        text = host.inserted(written.id.value, at)
    if not _ID.fullmatch(text):
        known = "an id of letters, digits, . _ : - (at most 128)"
        raise at.refuse(f"expected {known}, got {quoted(text)}")
    return text


def _address(written: Placed[str] | None, host: Host) -> AddressRule:
    """Return the rule by which an address that others can use is found."""
    if written is None or written.value == "auto":
        return Auto()
    text = host.resolved(written.value, written.place)
    if text.startswith(("iface:", "cidr:")):
        raise written.place.refuse("not available yet; write an address, or auto")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        if _HOST.fullmatch(text):
            return Literal(text)
        known = "an IP address, a host name, env:NAME or auto"
        raise written.place.refuse(f"expected {known}, got {quoted(text)}") from None
    if address.is_unspecified:
        raise written.place.refuse(f"{text} means every address: nobody can reach it")
    return Literal(text)


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
    if written.refresh is None:
        return ttl_s, ttl_s / 3
    if 2 * written.refresh.value >= ttl_s:
        raise written.refresh.place.refuse("expected less than half of ttl")
    return ttl_s, written.refresh.value
