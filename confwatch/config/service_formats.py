"""What the format of a service asks of its other fields."""

from confwatch.config import scalars
from confwatch.config.host import Host
from confwatch.config.places import Place, Placed, quoted
from confwatch.config.service_form import ServiceForm
from confwatch.model.formats import ROOM, SKYDNS, WILDCARDS, dns_label
from confwatch.model.keys import Key
from confwatch.model.service import CustomRecord, Format, OnDown


def prefix_of(written: ServiceForm, registrations: Key) -> Key:
    """Return the base of the record's key, *registrations* unless it says another."""
    if written.prefix is not None:
        return written.prefix.value
    return SKYDNS if written.format is Format.SKYDNS else registrations


def default_id(written: ServiceForm, port: int, host: Host) -> str:
    """Return an id that is unique where name, host, port and protocol are."""
    udp = written.protocol == "udp"
    if written.format is Format.REGISTRATOR:
        # As Registrator makes it, so that its readers find what they know.
        return f"{host.name}:{written.name.value}:{port}{':udp' if udp else ''}"
    return f"{written.name.value}-{host.name}-{port}{'-udp' if udp else ''}"


def judge_format(written: ServiceForm, made_id: Placed[str], place: Place) -> None:
    """Refuse what the format cannot use, and warn of what it has no room for.

    Raises:
        Told: the record would not be found, or not be understood.
    """
    _judge_names(written, made_id)
    _judge_own(written, place)
    if written.format is Format.SKYDNS:
        _judge_skydns(written)
    room = ROOM[written.format]
    _warn_of_room(written)
    down = written.on_down
    if down is not None and down.value is OnDown.MARK and not room.status:
        raise down.place.refuse(
            f"format {written.format.value} has no room for a status: use delete"
        )


def domain_of(written: ServiceForm) -> str | None:
    """Return the domain that skydns needs and nobody else knows."""
    if written.domain is None:
        return None
    domain = written.domain.value.lower().removesuffix(".")
    if not all(scalars.LABEL.fullmatch(label) for label in domain.split(".")):
        known = "a domain like cluster.local"
        raise written.domain.place.refuse(
            f"expected {known}, got {quoted(written.domain.value)}"
        )
    return domain


def custom_of(written: ServiceForm) -> CustomRecord | None:
    """Return the templates of a custom record."""
    if written.key is None or written.value is None:
        return None
    return CustomRecord(written.key.value, written.value.value)


def _judge_names(written: ServiceForm, made_id: Placed[str]) -> None:
    """Look at what becomes part of a DNS name."""
    skydns = written.format is Format.SKYDNS
    if not scalars.LABEL.fullmatch(written.name.value):
        if skydns:
            raise written.name.place.refuse(
                "expected a DNS label: lower case letters, digits, - (at most 63)"
            )
        written.name.place.warn("is not a DNS label; some readers cannot look it up")
    if skydns and not scalars.LABEL.fullmatch(dns_label(made_id.value)):
        raise made_id.place.refuse(
            f"{quoted(made_id.value)} makes no DNS label of at most 63 letters,"
            " which skydns needs: write another id"
        )


def _judge_skydns(written: ServiceForm) -> None:
    """Refuse what CoreDNS would read as something else."""
    if written.name.value in WILDCARDS:
        raise written.name.place.refuse("is what CoreDNS takes for every name")
    if written.weight is not None and written.weight.value == 0:
        raise written.weight.place.refuse("expected 1 to 65535: skydns reads 0 as 100")


def _judge_own(written: ServiceForm, place: Place) -> None:
    """Hold the fields that belong to one format against the format that is written."""
    own = {
        "domain": (written.domain, Format.SKYDNS),
        "key": (written.key, Format.CUSTOM),
        "value": (written.value, Format.CUSTOM),
    }
    for name, (field, owner) in own.items():
        if field is None and written.format is owner:
            raise place.at(name, place.line).refuse(
                f"is missing: format {owner.value} needs it"
            )
        if field is not None and written.format is not owner:
            raise field.place.refuse(f"belongs to format: {owner.value}")


def _warn_of_room(written: ServiceForm) -> None:
    """Warn of facts that readers of this format will not see."""
    room = ROOM[written.format]
    facts: tuple[tuple[Place | None, bool], ...] = (
        (written.tags.place if written.tags else None, room.tags),
        (written.meta.place if written.meta else None, room.meta),
        (written.weight.place if written.weight else None, room.weight),
    )
    for place, has_room in facts:
        if place is not None and not has_room:
            name = written.format.value
            place.warn(f"format {name} has no room for it: nobody will see it")
