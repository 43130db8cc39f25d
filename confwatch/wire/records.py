"""What announced services wrote into a store, whatever their format. Pure.

A record comes from anybody who may write there, and what it says ends in configuration
files: an address or an id that is not plainly one is refused, not passed on.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, TypeVar

import msgspec

from confwatch.errors import RecordGarbled
from confwatch.model.endpoint import is_address, is_port, split_endpoint
from confwatch.model.health import Status
from confwatch.model.instance import Instance
from confwatch.model.service import DEFAULT_WEIGHT

MOST_BYTES = 64 * 1024
_ID = re.compile(r"[A-Za-z0-9._:-]{1,255}\Z")
_STATUSES = frozenset(status.value for status in Status)
_VERSIONS = (None, 1)

Weight = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
Texts = dict[str, str]
T = TypeVar("T")


class _Plain(msgspec.Struct):
    """Our own format; Curator's has the same names for what both have."""

    address: str
    port: int
    v: int | None = None
    id: str | None = None
    protocol: str = "tcp"
    tags: list[str] | None = None
    meta: Texts | None = None
    weight: Weight = DEFAULT_WEIGHT
    status: str = Status.PASSING.value


class _Weights(msgspec.Struct):
    Passing: Weight = DEFAULT_WEIGHT


class _Check(msgspec.Struct):
    Status: str = Status.PASSING.value


class _Consul(msgspec.Struct):
    """What Consul's agent takes to register a service."""

    Address: str
    Port: int
    ID: str | None = None
    Tags: list[str] | None = None
    Meta: Texts | None = None
    Weights: _Weights | None = None
    Check: _Check | None = None


class _Hosted(msgspec.Struct):
    """What SkyDNS and Nerve write: both call the address host."""

    host: str
    port: int
    weight: Weight | None = None
    labels: Texts | None = None


def decode_record(name: str, own: str, raw: bytes) -> Instance:
    """Read one record: JSON of any known shape, or ``HOST:PORT``.

    Args:
        name: of the service.
        own: the last name of the record's key; its id where the record tells none.
        raw: the value.

    Raises:
        RecordGarbled: it is nothing of these; says what is wrong, never the value.
    """
    if len(raw) > MOST_BYTES:
        raise RecordGarbled(f"is larger than {MOST_BYTES} bytes")
    text = raw.strip()
    made = (
        _from_json(name, own, text) if text[:1] == b"{" else _endpoint(name, own, text)
    )
    return _judged(made)


def _endpoint(name: str, own: str, text: bytes) -> Instance:
    """Read what Registrator writes; an id of it may end in the protocol."""
    split = split_endpoint(text.decode("utf-8", "replace"))
    if split is None:
        raise RecordGarbled("is neither HOST:PORT nor a JSON object")
    return Instance(name, own, *split, "udp" if own.endswith(":udp") else "tcp")


def _from_json(name: str, own: str, text: bytes) -> Instance:
    """Read an object whose names tell its shape."""
    thing = _read(lambda: msgspec.json.decode(text, type=dict[str, Any]))
    for mark, make in _SHAPES.items():
        if mark in thing:
            return make(name, own, thing)
    known = ", ".join(_SHAPES)
    raise RecordGarbled(f"is an object of no known format: it has none of {known}")


def _plain(name: str, own: str, thing: Mapping[str, Any]) -> Instance:
    found = _read(lambda: msgspec.convert(thing, _Plain))
    if found.v not in _VERSIONS:
        raise RecordGarbled(f"is of version {found.v}, which is not known")
    return Instance(
        name,
        found.id or own,
        found.address,
        found.port,
        found.protocol,
        tuple(found.tags or ()),
        _sorted(found.meta),
        found.weight,
        found.status,
    )


def _consul(name: str, own: str, thing: Mapping[str, Any]) -> Instance:
    found = _read(lambda: msgspec.convert(thing, _Consul))
    return Instance(
        name,
        found.ID or own,
        found.Address,
        found.Port,
        tags=tuple(found.Tags or ()),
        meta=_sorted(found.Meta),
        weight=(found.Weights or _Weights()).Passing,
        status=(found.Check or _Check()).Status,
    )


def _hosted(name: str, own: str, thing: Mapping[str, Any]) -> Instance:
    found = _read(lambda: msgspec.convert(thing, _Hosted))
    weight = DEFAULT_WEIGHT if found.weight is None else found.weight
    meta = _sorted(found.labels)
    return Instance(name, own, found.host, found.port, meta=meta, weight=weight)


_SHAPES: Mapping[str, Callable[[str, str, Mapping[str, Any]], Instance]] = {
    "address": _plain,
    "Address": _consul,
    "host": _hosted,
}


def _read(reading: Callable[[], T]) -> T:
    """Return what *reading* returns.

    Raises:
        RecordGarbled: it found something else; only the place of it is told.
    """
    try:
        return reading()
    except msgspec.ValidationError as error:
        # Such as "Expected `int`, got `str` - at `$.port`".
        raise RecordGarbled(f"is not as its format says: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordGarbled("is not valid JSON") from error
    except RecursionError as error:
        raise RecordGarbled("is nested too deep") from error


def _judged(made: Instance) -> Instance:
    """Return what was read, if a configuration file may hold it.

    Raises:
        RecordGarbled: it may not.
    """
    wrong = [
        field
        for field, right in (
            ("address", is_address(made.address)),
            ("port", is_port(made.port)),
            ("id", _ID.match(made.id) is not None),
            ("protocol", made.protocol in {"tcp", "udp"}),
            ("status", made.status in _STATUSES),
        )
        if not right
    ]
    if wrong:
        raise RecordGarbled(f"has no usable {wrong[0]}")
    return made


def _sorted(texts: Texts | None) -> Texts:
    return dict(sorted((texts or {}).items()))
