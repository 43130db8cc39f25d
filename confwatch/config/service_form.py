"""A service as it is written: one form for each mapping of its block.

Judges every field by itself; what depends on other fields is judged in ``services``.
"""

import re
from typing import Annotated

from confwatch.config import scalars
from confwatch.config.commands import positive
from confwatch.config.health import AnyForm, read_health_check
from confwatch.config.keys import plain_key
from confwatch.config.known import Known
from confwatch.config.nodes import Items, Node, Text
from confwatch.config.places import Place, Placed
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
from confwatch.config.service_address import read_address
from confwatch.model.health import Status
from confwatch.model.keys import Key
from confwatch.model.service import Drain, Flap, Format, Gate, OnConflict, OnDown

_META_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")
_INITIAL = {
    "down": Status.CRITICAL,
    "warning": Status.WARNING,
    "up": Status.PASSING,
}
_ZOOKEEPER = ("registrator-zk", "nerve", "serverset", "curator")


def _meta_name(text: str) -> str:
    if not _META_NAME.fullmatch(text):
        raise ValueError("a name of letters, digits, _ - (at most 128)")
    return text


def _initial(text: str) -> Status:
    if text not in _INITIAL:
        raise ValueError(f"one of {', '.join(_INITIAL)}")
    return _INITIAL[text]


def _format(text: str) -> Format:
    if text in _ZOOKEEPER:
        raise ValueError("a format of etcd or dir: (that one comes with ZooKeeper)")
    try:
        return Format(text)
    except ValueError:
        known = ", ".join(one.value for one in Format)
        raise ValueError(f"one of {known}") from None


def _on_down(text: str) -> OnDown:
    if text == "maintenance":
        raise ValueError("delete or mark (maintenance comes with Consul)")
    try:
        return OnDown(text)
    except ValueError:
        raise ValueError("delete or mark") from None


def _on_conflict(text: str) -> OnConflict:
    try:
        return OnConflict(text)
    except ValueError:
        raise ValueError("takeover or refuse") from None


def _keeps(text: str) -> bool:
    if text not in ("keep", "withdraw"):
        raise ValueError("keep or withdraw")
    return text == "keep"


def _read_stores(node: Node, place: Place) -> tuple[Placed[str], ...]:
    """Read the name of a store, or a list of different ones."""
    one = placed(scalar(scalars.name))
    if not isinstance(node, Items):
        return (one(node, place),)
    if not node.items:
        raise place.refuse("expected the name of a store")
    named = list_of(one)(node, place)
    seen: set[str] = set()
    for name in named:
        if name.value in seen:
            raise name.place.refuse(f'"{name.value}" stands already in this list')
        seen.add(name.value)
    return named


def _whole_text(node: Node, place: Place) -> Placed[str]:
    """Read a text of which even an empty one may be meant."""
    if not isinstance(node, Text):
        return placed(scalar(str))(node, place)
    return Placed(node.text, place)


class _GateForm(Form, frozen=True, kw_only=True):
    """``gate: {check_failed: keep, ...}``."""

    check_failed: Annotated[bool, scalar(_keeps)] = True
    reload_failed: Annotated[bool, scalar(_keeps)] = False
    accept_existing: Annotated[bool, scalar(scalars.boolean)] = True


def _read_gate(node: Node, place: Place) -> Gate:
    made = form(_GateForm)(node, place)
    return Gate(made.check_failed, made.reload_failed, made.accept_existing)


class DrainForm(Form, frozen=True, kw_only=True):
    """``drain: {wait: 5s, ...}``."""

    wait: Annotated[float, scalar(scalars.duration)] = 0.0
    file: Annotated[str | None, scalar(scalars.file_path)] = None
    deregister_timeout: Annotated[float | None, scalar(positive)] = None


def drain_of(written: DrainForm | None, known: Known) -> Drain:
    """Fill in where the file is."""
    if written is None:
        return Drain()
    file = None if written.file is None else known.path(written.file)
    return Drain(written.wait, file, written.deregister_timeout)


class _FlapForm(Form, frozen=True, kw_only=True):
    """``flap: {max_changes: 6, per: 60s}``."""

    max_changes: Annotated[int, whole(1, 10_000)] = 6
    per: Annotated[float, scalar(positive)] = 60.0


def _read_flap(node: Node, place: Place) -> Flap:
    made = form(_FlapForm)(node, place)
    return Flap(made.max_changes, made.per)


class ServiceForm(Form, frozen=True, kw_only=True):
    """One entry of ``services:``."""

    name: Annotated[Placed[str], placed(scalar(scalars.name))]
    port: Annotated[Placed[str], placed(scalar(scalars.filled))]
    id: Annotated[Placed[str] | None, placed(scalar(scalars.filled))] = None
    address: Annotated[tuple[Placed[str], ...] | None, read_address] = None
    allow_loopback: Annotated[bool, scalar(scalars.boolean)] = False
    protocol: Annotated[str, choice("tcp", "udp")] = "tcp"
    tags: Annotated[
        Placed[tuple[Placed[str], ...]] | None,
        placed(list_of(placed(scalar(scalars.filled)))),
    ] = None
    meta: Annotated[
        Placed[dict[str, Placed[str]]] | None,
        placed(mapping_of(_meta_name, placed(scalar(str)))),
    ] = None
    weight: Annotated[Placed[int] | None, placed(whole(0, 65535))] = None
    ttl: Annotated[Placed[float] | None, placed(scalar(positive))] = None
    refresh: Annotated[Placed[float] | None, placed(scalar(positive))] = None
    initial: Annotated[Status, scalar(_initial)] = Status.CRITICAL
    format: Annotated[Format, scalar(_format)] = Format.JSON
    prefix: Annotated[Placed[Key] | None, placed(scalar(plain_key))] = None
    domain: Annotated[Placed[str] | None, placed(scalar(scalars.filled))] = None
    key: Annotated[Placed[str] | None, placed(scalar(scalars.filled))] = None
    value: Annotated[Placed[str] | None, _whole_text] = None
    store: Annotated[tuple[Placed[str], ...] | None, _read_stores] = None
    gate: Annotated[Gate, _read_gate] = Gate()
    checks: Annotated[tuple[Placed[AnyForm], ...], list_of(read_health_check)] = ()
    on_down: Annotated[Placed[OnDown] | None, placed(scalar(_on_down))] = None
    drain: Annotated[DrainForm | None, form(DrainForm)] = None
    conflict: Annotated[OnConflict, scalar(_on_conflict)] = OnConflict.TAKEOVER
    flap: Annotated[Flap, _read_flap] = Flap()
