"""Jinja's filters that could make too much at one step, made to look before they do."""

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

from jinja2 import pass_eval_context
from jinja2.nodes import EvalContext

from confwatch.render.sizes import (
    check_layout,
    check_replaced,
    check_widths,
    joined,
)

_WIDE = ("center", "indent", "batch", "slice", "tojson")


def checked_filters(
    filters: Mapping[str, Callable[..., Any]],
) -> dict[str, Callable[..., Any]]:
    """Return those of *filters* that have to look first, by name."""

    @pass_eval_context
    def replace(
        context: EvalContext,
        text: object,
        old: object,
        new: object,
        count: int | None = None,
    ) -> object:
        check_replaced(str(text), str(old), str(new))
        return filters["replace"](context, text, old, new, count)

    @pass_eval_context
    def join(
        context: EvalContext,
        items: Iterable[object],
        d: object = "",
        attribute: object = None,
    ) -> object:
        return filters["join"](context, joined(items, str(d)), d, attribute)

    def formatted(layout: object, *things: object, **named: object) -> object:
        check_layout(str(layout), (*things, *named.values()))
        return filters["format"](layout, *things, **named)

    made = {name: _narrow(filters[name]) for name in _WIDE}
    return made | {"replace": replace, "join": join, "format": formatted}


def _narrow(filter_: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that refuses numbers which would make it too wide."""

    @wraps(filter_)  # and with that what Jinja has to give it
    def checked(*arguments: object, **named: object) -> object:
        check_widths((*arguments[1:], *named.values()))
        return filter_(*arguments, **named)

    return checked
