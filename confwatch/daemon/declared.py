"""The resources as declared now: bad files disable themselves, never the others."""

import os
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from confwatch.config.confd_ways import ConfdWays
from confwatch.config.host import Host
from confwatch.config.known import Announcing
from confwatch.config.resources import load_resources
from confwatch.config.settings import Settings
from confwatch.errors import ConfigError, RenderError
from confwatch.model.formats import key_of
from confwatch.model.resource import Command, Resource
from confwatch.render import custom
from confwatch.render.commands import CommandValues, fill, problem


class Declared(Struct, frozen=True):
    """What conf.d says.

    Attributes:
        resources: those that can be walked.
        problems: of files that cannot be used.
        warnings: what an operator should know, and can live with.
    """

    resources: tuple[Resource, ...]
    problems: tuple[ConfigError, ...]
    warnings: tuple[str, ...]


def read(settings: Settings) -> Declared:
    """Read conf.d; blocks. What is doubtful in the settings is told with it."""
    host = Host.here(os.environ)
    stores = settings.stores
    loaded = load_resources(
        settings.conf_dir,
        stores=stores,
        host=host,
        confd=ConfdWays(settings.confd_compat, settings.confd_prefix),
        announcing=Announcing(
            [name for name in stores if not stores[name].holds_leases],
            settings.registration_prefix,
        ),
    )
    problems = [*loaded.problems]
    for resource in loaded.resources:
        problems.extend(_command_problems(resource))
        problems.extend(_text_problems(resource))
    bad = {problem.file for problem in problems}
    good = tuple(one for one in loaded.resources if one.file not in bad)
    warnings = map(str, (*settings.warnings, *loaded.warnings))
    return Declared(good, tuple(problems), tuple(warnings))


def with_last_good(declared: Declared, before: Iterable[Resource]) -> Declared:
    """Return what to walk: a file that went bad keeps its last good version.

    What that holds, a target or a service, is not to be had by a newcomer meanwhile.
    """
    while True:
        bad = {problem.file for problem in declared.problems}
        kept = [one for one in before if one.file in bad]
        held = {claim: one.file for one in kept for claim in _claims(one)}
        refused = [
            ConfigError(one.file, None, kind, _told(identity, holder))
            for one in declared.resources
            for kind, identity in _claims(one)
            if (holder := held.get((kind, identity))) is not None
        ]
        if not refused:
            resources = (*declared.resources, *kept)
            return replace(declared, resources=resources)
        # They may have last good versions themselves, which hold something too.
        files = {problem.file for problem in refused}
        stay = tuple(one for one in declared.resources if one.file not in files)
        problems = (*declared.problems, *refused)
        declared = replace(declared, resources=stay, problems=problems)


def _told(identity: str, holder: str) -> str:
    """Say who has what a newcomer wants."""
    return f"{identity} is held by the last good version of {holder}"


def _claims(resource: Resource) -> Iterator[tuple[str, str]]:
    """Yield what only one resource may have: kind and identity, as people name it."""
    yield "name", resource.name
    yield from (("dest", os.path.realpath(dest)) for dest in resource.dests)
    for service in resource.services:
        yield "id", str(service.ref)
        if (key := key_of(service)) is not None:
            yield "record", f"{service.store}:{key}"


def _command_problems(resource: Resource) -> list[ConfigError]:
    """Look at the insertions of every command, which config does not know."""
    dests = resource.dests
    one = dests[0] if len(dests) == 1 else None
    staged = CommandValues(one, one, {dest: dest for dest in dests}, dests)
    moved = CommandValues(None, one, {}, dests)
    reload = None if resource.reload is None else resource.reload.command
    commands: list[tuple[str, Command | None, CommandValues]] = [
        ("check", resource.check, staged),
        ("reload", reload, moved),
    ]
    for number, template in enumerate(resource.templates):
        dest = template.dest
        alone = CommandValues(dest, dest, {dest: dest}, (dest,))
        commands.append((f"templates[{number}].check", template.check, alone))
    return [
        ConfigError(resource.file, None, field, told)
        for field, command, values in commands
        if command is not None and (told := _unfillable(command, values)) is not None
    ]


def _text_problems(resource: Resource) -> list[ConfigError]:
    """Look at the texts of custom records, which config does not know either."""
    return [
        ConfigError(resource.file, None, f"services[{number}].{field}", told)
        for number, service in enumerate(resource.services)
        if service.custom is not None
        for field, told in custom.problems(service.custom)
    ]


def _unfillable(command: Command, values: CommandValues) -> str | None:
    """Tell why a command cannot be filled in; None where it can."""
    told = problem(command)
    if told is not None:
        return told
    try:
        fill(command, values)
    except RenderError as error:
        return f"cannot be filled in: {error.problem}"
    return None
