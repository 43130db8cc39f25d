"""Which loops write the same text for the same pair, whenever that may be.

Only what is known to be so counts: a node, a function, a filter, a test or a method
that is not named here makes its loop one that is run through every time.
"""

from typing import NamedTuple, TypeGuard

from jinja2 import nodes

from confwatch.render.functions import data, lists, numbers, paths, printing, text

FUNCTIONS = frozenset(
    {
        *(text.split, text.join, text.toUpper, text.toLower, text.contains),
        *(text.replace, text.trimSuffix, text.base64Encode, text.base64Decode),
        *(paths.base, paths.dir_, data.json, data.jsonArray, lists.map_, lists.index),
        *(lists.reverse, lists.sortByLength, numbers.add, numbers.sub, numbers.mul),
        *(numbers.div, numbers.mod, numbers.atoi, numbers.parseBool, printing.printf),
    }
)
"""Functions whose result follows from their arguments, and that nobody notes."""

_FILTERS = frozenset(
    {
        *("abs", "capitalize", "center", "count", "d", "default", "first", "float"),
        *("int", "join", "last", "length", "lower", "replace", "round", "string"),
        *("title", "trim", "upper", "wordcount"),
    }
)
_TESTS = frozenset(
    {
        *("defined", "undefined", "none", "string", "number", "mapping", "sequence"),
        *("boolean", "integer", "float", "true", "false", "odd", "even", "lower"),
        *("upper", "divisibleby", "in", "eq", "equalto", "==", "ne", "!=", "lt"),
        *("lessthan", "<", "le", "<=", "gt", "greaterthan", ">", "ge", ">="),
    }
)
_METHODS = frozenset(
    {
        *("split", "rsplit", "partition", "rpartition", "splitlines", "upper", "lower"),
        *("capitalize", "title", "strip", "lstrip", "rstrip", "startswith", "count"),
        *("endswith", "removeprefix", "removesuffix", "replace", "find", "rfind"),
        *("isdigit", "isalpha", "isalnum", "isdecimal"),
    }
)
_PLAIN: tuple[type[nodes.Node], ...] = (
    *(nodes.Output, nodes.If, nodes.TemplateData, nodes.Const, nodes.Getattr),
    *(nodes.Getitem, nodes.Slice, nodes.CondExpr, nodes.Compare, nodes.Operand),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Concat),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod),
    *(nodes.Pow, nodes.List, nodes.Dict, nodes.Pair),
)


class PureLoop(NamedTuple):
    """A loop over ``gets`` whose body looks at its pair, and at names outside it.

    Attributes:
        call: of ``gets``, with one argument.
        outer: the names; what they stand for is looked at when the loop begins.
    """

    call: nodes.Call
    outer: tuple[str, ...]


def pure_loop(loop: nodes.For, items: nodes.Expr) -> PureLoop | None:
    """Return what is to know of a loop over *items*; None where it is not pure."""
    if loop.recursive or loop.test is not None or loop.else_:
        return None
    if not (isinstance(loop.target, nodes.Name) and _is_gets(items)):
        return None
    outer: set[str] = set()
    if not all(_is_pure(node, outer) for node in loop.body):
        return None
    # Of this loop, or of one around it: both go on while the texts are remembered.
    if "loop" in outer:
        return None
    return PureLoop(items, tuple(sorted(outer - {loop.target.name})))


def _is_gets(items: nodes.Expr) -> TypeGuard[nodes.Call]:
    """Tell whether this calls ``gets`` with a pattern and nothing else."""
    return (
        isinstance(items, nodes.Call)
        and isinstance(items.node, nodes.Name)
        and items.node.name == "gets"
        and len(items.args) == 1
        and not (items.kwargs or items.dyn_args or items.dyn_kwargs)
    )


def _is_pure(node: nodes.Node, names: set[str]) -> bool:
    """Tell whether a node is known to be pure; collect the names it looks at."""
    match node:
        case nodes.Name():
            names.add(node.name)
            return node.ctx == "load"
        case nodes.Call():
            known = _is_known(node.node)
        case nodes.Filter():
            known = node.name in _FILTERS and node.node is not None
        case nodes.Test():
            known = node.name in _TESTS
        case nodes.Tuple():
            known = node.ctx == "load"
        case _:
            known = type(node) in _PLAIN
    if isinstance(node, nodes.Call | nodes.Filter | nodes.Test):
        known = known and not (node.kwargs or node.dyn_args or node.dyn_kwargs)
    return known and all(_is_pure(one, names) for one in node.iter_child_nodes())


def _is_known(called: nodes.Expr) -> bool:
    """Tell whether this may be called: a name, looked at later, or a text's method."""
    if isinstance(called, nodes.Getattr):
        return called.attr in _METHODS
    return isinstance(called, nodes.Name)
