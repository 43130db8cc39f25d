"""What templates ask for as they are written: no store is asked, nothing is rendered.

Texts that are written out are understood, also where only their beginning is. Of
whatever else a template asks for, all that can be said is that it does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from jinja2 import Environment, TemplateError, nodes

from confwatch.render.areas import FUNCTIONS, Area, Place, Ways
from confwatch.render.refused import Refused

_TAKING_IN = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


@dataclass(slots=True)
class Glance:
    """What one resource's templates ask for.

    Attributes:
        areas: where they look, as far as that is written out.
        is_whole: whether that is everywhere.
    """

    areas: set[Area] = field(default_factory=set)
    is_whole: bool = True


def glance(environment: Environment, ways: Ways) -> Glance:
    """Look at the templates of a resource, and at those that they take in."""
    found = Glance()
    if ways.resource.dialect != "jinja":
        found.is_whole = False
        return found
    waiting = [template.src for template in ways.resource.templates]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        tree = _parsed(environment, name)
        if tree is None:
            found.is_whole = False
            continue
        waiting.extend(_taken_in(tree, found))
        _note_asks(tree, name, ways, found)
    return found


def _parsed(environment: Environment, name: str) -> nodes.Template | None:
    """Return a template as Jinja understands it; None where it cannot be had."""
    if environment.loader is None:
        return None
    try:
        text, path, _ = environment.loader.get_source(environment, name)
        return environment.parse(text, name, path)
    except (TemplateError, Refused):
        return None


def _taken_in(tree: nodes.Template, found: Glance) -> Iterator[str]:
    """Yield the names of templates that one includes, imports or extends."""
    for one in tree.find_all(nodes.Stmt):
        if not isinstance(one, _TAKING_IN):
            continue
        names = _constant(one.template)
        if isinstance(names, str):
            yield names
        elif isinstance(names, list | tuple) and all(isinstance(x, str) for x in names):
            yield from names
        else:
            found.is_whole = False


def _note_asks(tree: nodes.Template, name: str, ways: Ways, found: Glance) -> None:
    """Note what one template asks for."""
    asked = 0
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in FUNCTIONS:
            asked += 1
            place = _place(call, call.node.name, ways)
            if place is None:
                found.is_whole = False
            else:
                found.areas.add(Area(*place, name, call.lineno))
    named = sum(one.name in FUNCTIONS for one in tree.find_all(nodes.Name))
    if named > asked:
        # A function is handed on, or its name means something else here.
        found.is_whole = False


def _place(call: nodes.Call, function: str, ways: Ways) -> Place | None:
    """Return where a call looks; None where that is not written out."""
    if not call.args or call.dyn_args or call.dyn_kwargs:
        return None
    text = _constant(call.args[0])
    domain = next((one.value for one in call.kwargs if one.key == "domain"), None)
    if domain is not None:
        where = _constant(domain)
        if isinstance(text, str) and isinstance(where, str):
            return ways.announced(text, where)
        return None
    if isinstance(text, str):
        return ways.of(function, text)
    beginning = _beginning(call.args[0])
    return None if beginning is None else ways.begun(function, beginning)


def _beginning(node: nodes.Expr) -> str | None:
    """Return what a text surely begins with; None where that is not written out."""
    match node:
        case nodes.Concat():
            first: object = _constant(node.nodes[0])
        case nodes.Add():
            first = _constant(node.left)
        case nodes.Call(node=nodes.Name(name="printf"), args=[form, *_]):
            whole = _constant(form)
            first = whole.partition("%")[0] if isinstance(whole, str) else None
        case _:
            first = None
    if first is None and isinstance(node, nodes.Add):
        return _beginning(node.left)
    return first if isinstance(first, str) else None


def _constant(node: nodes.Node) -> object:
    """Return what an expression always is; None where that is not known."""
    if not isinstance(node, nodes.Expr):
        return None
    try:
        return node.as_const()
    except nodes.Impossible:
        return None
