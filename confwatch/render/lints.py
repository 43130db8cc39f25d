"""What a resource declares and its templates do not read, and the other way round."""

from collections.abc import Collection, Iterator

from confwatch.errors import ConfigError
from confwatch.model.keys import Ref, is_below, without
from confwatch.model.resource import Resource
from confwatch.render.areas import Area, Reach


def never_read(resource: Resource, areas: Collection[Area]) -> Iterator[ConfigError]:
    """Yield one warning for each declared prefix below which nobody looks.

    Args:
        resource: what it declares for one template, another one of it may read.
        areas: everywhere its templates look.
    """
    for number, template in enumerate(resource.templates):
        lines = template.key_lines or (None,) * len(template.keys)
        for ref, line in zip(template.keys, lines, strict=True):
            if not any(area.meets(ref) for area in areas):
                confds = resource.only_keys
                field = "template.keys" if confds else f"templates[{number}].keys"
                told = f"{_written(resource, ref)} is declared and never read"
                yield ConfigError(resource.file, line, field, told)


def never_covered(resource: Resource, areas: Collection[Area]) -> Iterator[ConfigError]:
    """Yield one warning for each place that no declared prefix covers.

    Nothing is said of a resource that declares none: what it reads is found while
    rendering, or, where it is confd's, loading has warned already.
    """
    cover = resource.cover
    told: set[Ref] = set()
    for area in sorted(areas, key=_order):
        if not cover or area.reach is Reach.SOME or area.ref in told:
            continue
        if resource.only_keys:
            problem = "is not below keys, so it does not exist for this template"
            is_covered = any(area.meets(ref) for ref in cover)
        else:
            problem = "is read and not below keys: it is found while rendering"
            is_covered = any(area.inside(ref) for ref in cover)
        if not is_covered:
            told.add(area.ref)
            what = f"{_written(resource, area.ref)} {problem}"
            yield ConfigError(area.template or resource.file, area.line, "", what)


def _order(area: Area) -> tuple[bool, str, int, Ref]:
    """Sort by where an operator finds it; what has no place comes last."""
    return not area.template, area.template, area.line or 0, area.ref


def _written(resource: Resource, ref: Ref) -> str:
    """Return a key as the resource's file and its templates write it."""
    key = ref.key
    if is_below(key, resource.prefix):
        key = without(resource.prefix, key)
    return key if ref.store == resource.store else f"{ref.store}:{key}"
