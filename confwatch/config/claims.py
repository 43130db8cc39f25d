"""What two resources may not share: a name, a target, a service's id.

The first in order keeps what it claims; the later one is told whose it is.
"""

import os
from collections.abc import Iterable, Sequence

from msgspec import Struct

from confwatch.config.places import Place
from confwatch.model.resource import Resource


class Claim(Struct, frozen=True):
    """Something that only one resource may have.

    Attributes:
        kind: for people, such as "dest".
        identity: equal where two claims are for the same thing.
        place: where it is claimed.
    """

    kind: str
    identity: str
    place: Place


class Declared(Struct, frozen=True):
    """A resource that is right by itself, and what it claims."""

    resource: Resource
    claims: tuple[Claim, ...]


def claim_dest(dest: str, place: Place) -> Claim:
    """Claim a target by its real path: two ways to one file are one target."""
    return Claim("dest", os.path.realpath(dest), place)


def settled(declared: Iterable[Declared]) -> Sequence[Resource]:
    """Return the resources whose claims nobody had before them."""
    taken: dict[tuple[str, str], Place] = {}
    kept: list[Resource] = []
    for one in declared:
        own: dict[tuple[str, str], Place] = {}
        clashed: list[Place] = []
        for claim in one.claims:
            # Whoever was told there that it is taken need not hear it twice.
            if claim.place not in clashed and _clashes(claim, taken, own):
                clashed.append(claim.place)
        if not clashed:
            taken.update(own)
            kept.append(one.resource)
    return kept


def _clashes(
    claim: Claim, taken: dict[tuple[str, str], Place], own: dict[tuple[str, str], Place]
) -> bool:
    """Tell whether somebody had it before, and say so at its place; else take it."""
    wanted = (claim.kind, claim.identity)
    holder = own.get(wanted) or taken.get(wanted)
    if holder is not None:
        line = "" if holder.line is None else f":{holder.line}"
        claim.place.refuse(
            f"{claim.identity} is already the {claim.kind} in {holder.file}{line}"
        )
        return True
    own[wanted] = claim.place
    return False
