"""What the declared keys and the templates do not agree about."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from confwatch.config.settings import Settings
from confwatch.errors import ConfigError
from confwatch.model.reads import Reads
from confwatch.model.resource import Resource
from confwatch.render.areas import Ways, areas_of
from confwatch.render.glance import glance
from confwatch.render.lints import never_covered, never_read
from confwatch.render.renderer import Renderer


@dataclass(frozen=True, slots=True)
class Lints:
    """What an operator may want to mend.

    Attributes:
        warnings: something is surely not as it was meant.
        notes: works, and costs a round of asking at the start.
    """

    warnings: list[ConfigError] = field(default_factory=list)
    notes: list[ConfigError] = field(default_factory=list)


def linted(
    settings: Settings,
    renderer: Renderer,
    resources: Iterable[Resource],
    rendered: Mapping[str, Reads],
) -> Lints:
    """Hold what resources declare against what their templates read.

    Args:
        settings: name the stores.
        renderer: finds the templates.
        resources: those to look at.
        rendered: by resource, what a render has read; of the others only what is
            written out in their templates is known.
    """
    found = Lints()
    for resource in resources:
        ways = Ways(resource, settings.stores, settings.registration_prefix)
        seen = glance(renderer.environment, ways)
        reads = rendered.get(resource.name)
        areas = seen.areas | (areas_of(reads) if reads is not None else set())
        if seen.is_whole or reads is not None:
            found.warnings.extend(never_read(resource, areas))
        told = found.warnings if resource.only_keys else found.notes
        told.extend(never_covered(resource, areas))
    return found
