"""One YAML file of conf.d in, one resource out.

Judges the file by itself; what two files may not share is judged in ``claims``.
"""

import re
from typing import Annotated

from confwatch.config import scalars
from confwatch.config.claims import Claim, Declared, claim_dest
from confwatch.config.commands import read_check, read_reload
from confwatch.config.keys import KeyText, key_text, plain_key
from confwatch.config.known import Known
from confwatch.config.nodes import Node
from confwatch.config.places import Place, Placed
from confwatch.config.readers import Form, form, list_of, placed, scalar
from confwatch.config.service_form import ServiceForm
from confwatch.config.services import claims_of, read_service, services_of
from confwatch.model.keys import ROOT, Key
from confwatch.model.resource import (
    Command,
    HoldOnEmpty,
    Quiet,
    Reload,
    Resource,
    Template,
)
from confwatch.model.service import Service

_SRC = re.compile(r"\{\{[^}]*\bsrc\b")
_STAGED = re.compile(r"\{[{%][^}]*\b(src|stages)\b")

_LATER = """
foreach freeze guards history max_shrink metrics min_keys require_keys rollback
secret values verify
"""
_HINTS = {
    **dict.fromkeys(_LATER.split(), "not available yet"),
    **dict.fromkeys(
        ["src", "dest", "keys", "mode", "owner", "group", "make_dirs"],
        "belongs to an entry of templates",
    ),
    "on_stop": "is a setting, of all services together: it belongs to confwatch.yaml",
    "timeout": "belongs to a command, as in reload: {run: ..., timeout: 60s}",
    "min_interval": "belongs to the reload: {run: ..., min_interval: 1s}",
    "check_cmd": 'is named "check" in YAML',
    "reload_cmd": 'is named "reload" in YAML',
}


def _check_installed(text: str) -> bool:
    if text not in ("staged", "installed"):
        raise ValueError("staged or installed")
    return text == "installed"


def _hold_on_empty(text: str) -> HoldOnEmpty:
    if text == "doubt":
        return HoldOnEmpty.DOUBT
    try:
        return HoldOnEmpty.ALWAYS if scalars.boolean(text) else HoldOnEmpty.NEVER
    except ValueError:
        raise ValueError("doubt, true or false") from None


def _repair_drift(text: str) -> bool:
    if text not in ("repair", "report"):
        raise ValueError("repair or report")
    return text == "repair"


class _QuietForm(Form, frozen=True, kw_only=True):
    min: Annotated[float, scalar(scalars.duration)]
    max: Annotated[Placed[float], placed(scalar(scalars.duration))]


def _read_quiet(node: Node, place: Place) -> Quiet:
    made = form(_QuietForm)(node, place)
    if made.max.value < made.min:
        raise made.max.place.refuse("expected at least as long as min")
    return Quiet(made.min, made.max.value)


class _TemplateForm(Form, frozen=True, kw_only=True):
    """One entry of ``templates:`` as it is written."""

    src: Annotated[str, scalar(scalars.inside)]
    dest: Annotated[Placed[str], placed(scalar(scalars.absolute))]
    keys: Annotated[tuple[Placed[KeyText], ...], list_of(placed(scalar(key_text)))] = ()
    mode: Annotated[int | None, scalar(scalars.mode)] = None
    owner: Annotated[str | int | None, scalar(scalars.owner)] = None
    group: Annotated[str | int | None, scalar(scalars.owner)] = None
    make_dirs: Annotated[bool, scalar(scalars.boolean)] = False
    check: Annotated[Placed[Command] | None, placed(read_check)] = None


class _ResourceForm(Form, frozen=True, kw_only=True):
    """A whole file as it is written; the defaults' reasons stand in the design."""

    templates: Annotated[
        Placed[tuple[_TemplateForm, ...]], placed(list_of(form(_TemplateForm)))
    ]
    name: Annotated[Placed[str] | None, placed(scalar(scalars.name))] = None
    prefix: Annotated[Key, scalar(plain_key)] = ROOT
    store: Annotated[Placed[str] | None, placed(scalar(scalars.name))] = None
    check: Annotated[Placed[Command] | None, placed(read_check)] = None
    check_at: Annotated[Placed[bool] | None, placed(scalar(_check_installed))] = None
    reload: Annotated[Placed[Reload] | None, placed(read_reload)] = None
    quiet: Annotated[Quiet | None, _read_quiet] = None
    splay: Annotated[float, scalar(scalars.duration)] = 0.0
    hold_on_empty: Annotated[HoldOnEmpty, scalar(_hold_on_empty)] = HoldOnEmpty.DOUBT
    drift: Annotated[bool, scalar(_repair_drift)] = True
    services: Annotated[tuple[Placed[ServiceForm], ...], list_of(read_service)] = ()


def declared(node: Node, place: Place, default_name: str, known: Known) -> Declared:
    """Return the resource that one file declares.

    Raises:
        Told: it cannot be used; everything wrong in it was told.
    """
    written = form(_ResourceForm, _HINTS)(node, place)
    named = written.name or _default_name(default_name, place)
    _judge_commands(written)
    if not written.templates.value:
        raise written.templates.place.refuse("expected at least one template")
    store = known.store(written.store, place)
    services = services_of(written.services, known)
    resource = Resource(
        name=named.value,
        file=place.file,
        templates=_templates(written, store, known),
        store=store,
        prefix=written.prefix,
        check=written.check.value if written.check else None,
        check_installed=_is_check_installed(written),
        reload=written.reload.value if written.reload else None,
        quiet=written.quiet,
        splay_s=written.splay,
        hold_on_empty=written.hold_on_empty,
        repair_drift=written.drift,
        services=tuple(one.value for one in services),
    )
    return Declared(resource, _claims(written, named, services))


def _default_name(text: str, place: Place) -> Placed[str]:
    at = place.at("name", None)
    try:
        return Placed(scalars.name(text), at)
    except ValueError as error:
        raise at.refuse(f"is missing, and the file's name is not {error}") from None


def _templates(
    written: _ResourceForm, store: str, known: Known
) -> tuple[Template, ...]:
    return tuple(
        Template(
            src=one.src,
            dest=one.dest.value,
            keys=tuple(known.ref(key, store, written.prefix) for key in one.keys),
            mode=one.mode,
            owner=one.owner,
            group=one.group,
            make_dirs=one.make_dirs,
            check=one.check.value if one.check else None,
            key_lines=tuple(key.place.line for key in one.keys),
        )
        for one in written.templates.value
    )


def _claims(
    written: _ResourceForm, named: Placed[str], services: tuple[Placed[Service], ...]
) -> tuple[Claim, ...]:
    dests = [
        claim_dest(one.dest.value, one.dest.place) for one in written.templates.value
    ]
    return (Claim("name", named.value, named.place), *dests, *claims_of(services))


def _judge_commands(written: _ResourceForm) -> None:
    """Refuse insertions that cannot be filled; warn of a check that looks elsewhere."""
    check, reload, at = written.check, written.reload, written.check_at
    if at and not check:
        raise at.place.refuse("there is no check of the resource that it could be of")
    if reload and _STAGED.search(_text(reload.value.command)):
        raise reload.place.refuse(
            "a reload comes after the move: use {{ dest }} or {{ dests }}"
        )
    if check and len(written.templates.value) > 1 and _SRC.search(_text(check.value)):
        raise check.place.refuse(
            'with several templates use {{ stages["/path/of/dest"] }}, not {{ src }}'
        )
    of_stages = None if _is_check_installed(written) else check
    for one in (of_stages, *(template.check for template in written.templates.value)):
        if one and not _STAGED.search(_text(one.value)):
            one.place.warn(
                "names no staged file ({{ src }} or {{ stages[...] }}),"
                " so it judges what is installed now"
            )


def _is_check_installed(written: _ResourceForm) -> bool:
    return written.check_at is not None and written.check_at.value


def _text(command: Command) -> str:
    return command.run if isinstance(command.run, str) else "\n".join(command.run)
