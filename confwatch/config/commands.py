"""Checks and reloads, as they are written in YAML.

A string for ``sh -c``, a list of words without a shell, or a mapping with one kind.
Runs nothing and fills in nothing.
"""

from typing import Annotated

from confwatch.config import scalars
from confwatch.config.nodes import Fields, Items, Node, Text
from confwatch.config.places import Place, described
from confwatch.config.readers import Form, form, list_of, scalar
from confwatch.model.resource import Command, Reload

CHECK_TIMEOUT_S = 30.0
RELOAD_TIMEOUT_S = 60.0

_RELOAD_KINDS = ("run", "signal", "systemd", "http", "docker")


def positive(text: str) -> float:
    """Return the seconds of a duration that is not zero."""
    seconds = scalars.duration(text)
    if not seconds:
        raise ValueError('a duration above zero, like "5s"')
    return seconds


def read_run(node: Node, place: Place) -> str | tuple[str, ...]:
    """Read what is run: a line for the shell, or the words of a command."""
    match node:
        case Text() if node.text.strip():
            return node.text
        case Items() if node.items:
            words = list_of(scalar(str))(node, place)
            if words[0].strip():
                return words
        case _:
            pass
    raise place.refuse(
        f"expected a command or a list of its words, got {described(node)}"
    )


class _CheckForm(Form, frozen=True, kw_only=True):
    """``check: {run: ..., timeout: ...}``."""

    run: Annotated[str | tuple[str, ...], read_run]
    timeout: Annotated[float, scalar(positive)] = CHECK_TIMEOUT_S
    """Long enough for nginx with thousands of server names, short of a hang."""


class _ReloadForm(Form, frozen=True, kw_only=True):
    """``reload: {run: ..., timeout: ..., min_interval: ...}``."""

    run: Annotated[str | tuple[str, ...], read_run]
    timeout: Annotated[float, scalar(positive)] = RELOAD_TIMEOUT_S
    """Reloads may wait for old workers; after this the reload has failed."""
    min_interval: Annotated[float, scalar(scalars.duration)] = 1.0
    """Between two starts; spares a service that forks for every reload."""


def read_check(node: Node, place: Place) -> Command:
    """Read a check in any of its three ways of writing."""
    if not isinstance(node, Fields):
        return Command(read_run(node, place), CHECK_TIMEOUT_S)
    made = form(_CheckForm)(node, place)
    return Command(made.run, made.timeout)


def read_reload(node: Node, place: Place) -> Reload:
    """Read a reload in any of its three ways of writing."""
    if not isinstance(node, Fields):
        return Reload(Command(read_run(node, place), RELOAD_TIMEOUT_S))
    kinds = [kind for kind in _RELOAD_KINDS if kind in node.entries]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        known = ", ".join(_RELOAD_KINDS)
        raise place.refuse(f"expected exactly one of {known}, got {found}")
    if kinds != ["run"]:
        inner = place.at(kinds[0], node.entries[kinds[0]].line)
        raise inner.refuse('not available yet; use "run"')
    made = form(_ReloadForm)(node, place)
    return Reload(Command(made.run, made.timeout), made.min_interval)
