"""One of confd's TOML files in, one resource with one template out.

Where confd's versions differ, ``ConfdWays`` decides. Judges the file by itself; what
two files may not share is judged in ``claims``.
"""

from typing import Annotated

from confwatch.config import go_scalars, scalars
from confwatch.config.claims import Claim, Declared, claim_dest
from confwatch.config.commands import CHECK_TIMEOUT_S, RELOAD_TIMEOUT_S
from confwatch.config.go_commands import read_check_text, read_reload_text
from confwatch.config.known import Known
from confwatch.config.nodes import Fields, Items, Node
from confwatch.config.places import Place, Placed, described, quoted
from confwatch.config.readers import Form, list_of, placed, read_fields, shape_of
from confwatch.config.toml_readers import given, known_only, read_id, read_mode, string
from confwatch.model.keys import ROOT, Key, Ref
from confwatch.model.resource import (
    Command,
    HoldOnEmpty,
    Quiet,
    Reload,
    Resource,
    Template,
)

_JINJA = (".j2", ".jinja", ".jinja2")
_QUIET_TIMES = 10
"""How many times its debounce a change may wait for others: confd knows no end."""


def _read_output_format(node: Node, place: Place) -> None:
    if string(str)(node, place):
        raise place.refuse("not available yet")


class _TemplateForm(Form, frozen=True, kw_only=True):
    """The table ``[template]`` as it is written; None and "" are confd's default."""

    src: Annotated[str, string(go_scalars.source)]
    dest: Annotated[Placed[str], placed(string(go_scalars.target))]
    keys: Annotated[
        Placed[tuple[Placed[str], ...]] | None, placed(list_of(placed(string(str))))
    ] = None
    prefix: Annotated[Key, string(go_scalars.prefix)] = ROOT
    mode: Annotated[int | None, read_mode] = None
    uid: Annotated[int | None, read_id] = None
    gid: Annotated[int | None, read_id] = None
    owner: Annotated[
        Placed[str | None] | None, placed(given(go_scalars.account, None))
    ] = None
    group: Annotated[
        Placed[str | None] | None, placed(given(go_scalars.account, None))
    ] = None
    check_cmd: Annotated[Placed[str] | None, placed(string(str))] = None
    check_cmd_timeout: Annotated[float, given(go_scalars.timeout, CHECK_TIMEOUT_S)] = (
        CHECK_TIMEOUT_S
    )
    reload_cmd: Annotated[Placed[str] | None, placed(string(str))] = None
    reload_cmd_timeout: Annotated[
        float, given(go_scalars.timeout, RELOAD_TIMEOUT_S)
    ] = RELOAD_TIMEOUT_S
    min_reload_interval: Annotated[float, given(go_scalars.wait, 0.0)] = 0.0
    debounce: Annotated[float, given(go_scalars.wait, 0.0)] = 0.0
    output_format: Annotated[None, _read_output_format] = None


_SHAPE = shape_of(_TemplateForm)
_IGNORED_TABLES = {
    "backend": "ignored: the store comes from the settings",
    **dict.fromkeys(_SHAPE.readers, "ignored: belongs below [template]"),
}
_IGNORED_FIELDS = dict.fromkeys(
    ["filemode", "stagefile", "pgpprivatekey"],
    "ignored: confd takes it by accident and has no use for it",
)


def declared_toml(node: Fields, place: Place, name: str, known: Known) -> Declared:
    """Return the resource that one of confd's files declares.

    Args:
        node: the whole file.
        place: of the whole file.
        name: what the resource is called, if it can be.
        known: the stores, this machine, and whose confd is meant.

    Raises:
        Told: it cannot be used; the place was told why.
    """
    table = _template_table(node, place)
    at = place.at("template", table.line)
    fields = known_only(table, at, _SHAPE.readers, _IGNORED_FIELDS)
    written = _TemplateForm(**read_fields(fields, at, _SHAPE))
    named = _named(name, place)
    store = known.store(None, place)
    resource = _resource(written, named, store, at, known)
    dest = claim_dest(written.dest.value, written.dest.place)
    return Declared(resource, (Claim("name", named, place), dest))


def _template_table(node: Fields, place: Place) -> Fields:
    """Return the one table that counts; the others get a warning."""
    kept = known_only(node, place, ["template"], _IGNORED_TABLES)
    if "template" not in kept.entries:
        raise place.refuse("expected a table [template], got none")
    table = kept.entries["template"].value
    if isinstance(table, Fields):
        return table
    raise place.at("template", table.line).refuse(_no_table(table))


def _no_table(node: Node) -> str:
    if isinstance(node, Items):
        return "expected one table [template], got a list of them: one file, one target"
    return f"expected a table [template], got {described(node)}"


def _named(text: str, place: Place) -> str:
    """Return the file's name as the resource's: confd's files have no other."""
    try:
        return scalars.name(text)
    except ValueError as error:
        problem = f"expected the file to have {error}, got {quoted(text)}"
        raise place.refuse(problem) from None


def _resource(
    written: _TemplateForm, name: str, store: str, place: Place, known: Known
) -> Resource:
    prefix = known.confd.prefix_of(written.prefix)
    check, reload = _check(written), _reload(written, known)
    debounce = written.debounce
    template = Template(
        src=written.src,
        dest=written.dest.value,
        keys=_keys(written, place, store, prefix),
        mode=written.mode,
        owner=_owner(written.uid, written.owner, known.host.uid, known),
        group=_owner(written.gid, written.group, known.host.gid, known),
        check=check,
        key_lines=_key_lines(written),
    )
    return Resource(
        name=name,
        file=place.file,
        templates=(template,),
        store=store,
        prefix=prefix,
        reload=reload,
        quiet=Quiet(debounce, _QUIET_TIMES * debounce) if debounce else None,
        hold_on_empty=HoldOnEmpty.NEVER,
        only_keys=True,
        dialect="jinja" if written.src.endswith(_JINJA) else "go",
    )


def _keys(
    written: _TemplateForm, place: Place, store: str, prefix: Key
) -> tuple[Ref, ...]:
    """Return all that the template may see; to confd nothing else exists."""
    if written.keys is None or not written.keys.value:
        at = written.keys.place if written.keys else place.at("keys", place.line)
        at.warn("names no key, so the template sees none")
        return ()
    return tuple(Ref(store, _key(one, prefix)) for one in written.keys.value)


def _key_lines(written: _TemplateForm) -> tuple[int | None, ...]:
    """Return where each key stands."""
    return tuple(one.place.line for one in written.keys.value) if written.keys else ()


def _key(written: Placed[str], prefix: Key) -> Key:
    try:
        return go_scalars.joined(prefix, written.value)
    except ValueError as error:
        got = quoted(written.value)
        raise written.place.refuse(f"expected {error}, got {got}") from None


def _owner(
    number: int | None, name: Placed[str | None] | None, default: int, known: Known
) -> str | int:
    """Return whose the target is: by number, else by name, else the process's."""
    if name is None or name.value is None:
        return default if number is None else number
    if number is not None:
        name.place.warn("not used: the number that is given as well comes first")
        return number
    if not known.confd.forked:
        name.place.warn("used, though confd 0.16 ignores it and knows numbers only")
    return name.value


def _check(written: _TemplateForm) -> Command | None:
    one = written.check_cmd
    if one is None or not one.value:
        return None
    text = read_check_text(one.value, one.place)
    return Command(text, written.check_cmd_timeout, quoted=False)


def _reload(written: _TemplateForm, known: Known) -> Reload | None:
    one = written.reload_cmd
    if one is None or not one.value:
        return None
    text = read_reload_text(one.value, one.place, forked=known.confd.forked)
    command = Command(text, written.reload_cmd_timeout, quoted=False)
    return Reload(command, written.min_reload_interval)
