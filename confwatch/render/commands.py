"""Commands with insertions: ``nginx -t -c {{ src }}``.

Every inserted value is quoted for the shell, unless the command is confd's own.
"""

import shlex
from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, meta
from jinja2.sandbox import SandboxedEnvironment
from msgspec import Struct

from confwatch.errors import RenderError
from confwatch.model.resource import Command

NAMES = frozenset({"src", "dest", "stages", "dests"})


class CommandValues(Struct, frozen=True):
    """What a command may insert.

    Attributes:
        src: the file to look at, where there is just one.
        dest: its target, likewise.
        stages: by target, the file to look at.
        dests: all targets.
    """

    src: str | None
    dest: str | None
    stages: Mapping[str, str]
    dests: tuple[str, ...]


class _Environment(SandboxedEnvironment):
    """Fills in one word or line."""

    def __init__(self, finalize: Callable[[Any], str]) -> None:
        super().__init__(undefined=StrictUndefined, finalize=finalize)


def _plain(value: object) -> str:
    """Return a value as one word of a command without a shell."""
    if isinstance(value, list | tuple):
        return " ".join(map(str, value))
    return str(value)


def _quoted(value: object) -> str:
    """Return a value as the shell reads it back; of a list each word."""
    if isinstance(value, list | tuple):
        return shlex.join(map(str, value))
    return shlex.quote(str(value))


_PLAIN = _Environment(_plain)
_QUOTED = _Environment(_quoted)


def fill(command: Command, values: CommandValues) -> tuple[str, ...]:
    """Return the words to run.

    Raises:
        RenderError: an insertion is no name, or has no value here.
    """
    known = {
        "src": values.src,
        "dest": values.dest,
        "stages": dict(values.stages),
        "dests": values.dests,
    }
    # Absent is undefined, and so says by itself that it is.
    known = {name: value for name, value in known.items() if value is not None}
    if isinstance(command.run, str):
        environment = _QUOTED if command.quoted else _PLAIN
        return ("/bin/sh", "-c", _filled(environment, command.run, known))
    return tuple(_filled(_PLAIN, word, known) for word in command.run)


def problem(command: Command) -> str | None:
    """Tell what is wrong with the insertions of a command; None where nothing is."""
    words = (command.run,) if isinstance(command.run, str) else command.run
    for word in words:
        try:
            unknown = meta.find_undeclared_variables(_PLAIN.parse(word)) - NAMES
        except TemplateSyntaxError as error:
            return f"cannot be filled in: {error.message}"
        if unknown:
            named, known = min(unknown), ", ".join(sorted(NAMES))
            return f"inserts {named}, which is none of {known}"
    return None


def _filled(environment: _Environment, text: str, known: Mapping[str, object]) -> str:
    """Fill in one text.

    Raises:
        RenderError: as ``fill``.
    """
    try:
        return environment.from_string(text).render(known)
    except (TemplateError, ArithmeticError, LookupError, TypeError) as error:
        raise RenderError("command", None, str(error)) from error
