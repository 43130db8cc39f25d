"""Options that every command shares, and what errors look like at a prompt."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import click

from confwatch.errors import ConfigError, ConfwatchError, LockHeld

if TYPE_CHECKING:  # importing it costs a command that only prints its help
    from confwatch.config.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

FAILED = 1
REFUSED = 2
"""Exit status: what was written cannot be used, or a daemon holds the lock."""

_COMMON = (
    ("--confdir", "DIR", "Folder with conf.d/, templates/ and confwatch.yaml."),
    ("--config", "FILE", "Settings file, instead of the folder's confwatch.yaml."),
    ("--store", "URL", "The store: etcd://HOST:PORT/PREFIX or dir:PATH."),
    ("--state-dir", "DIR", "What must outlive the daemon; one daemon each."),
    ("--admin", "PLACE", "Admin server: unix:PATH, 127.0.0.1:PORT or off."),
    ("--log-level", "LEVEL", "debug, info, warning or error."),
    ("--log-format", "FORMAT", "auto (text on a terminal, else JSON), text, json."),
)


def common(command: F) -> F:
    """Give a command the options that become settings."""
    for name, metavar, help_text in reversed(_COMMON):
        command = click.option(name, metavar=metavar, help=help_text)(command)
    return command


def settings_of(options: Mapping[str, str | None]) -> "Settings":
    """Make settings of a command's options, and set up the log as they say.

    Args:
        options: all keyword arguments of the command; what is no setting is left out.

    Raises:
        ConfigError: an option, a variable or the settings file cannot be used.
    """
    from confwatch.cli.logs import set_up
    from confwatch.config.layers import load_settings

    names = {name.removeprefix("--").replace("-", "_") for name, _, _ in _COMMON}
    flags = {
        name: value
        for name, value in options.items()
        if name in names and value is not None
    }
    settings = load_settings(flags, os.environ)
    set_up(settings.log_level, settings.log_format)
    return settings


@contextmanager
def told(*, refused: int = REFUSED) -> Iterator[None]:
    """Turn planned errors into lines and an exit status.

    Args:
        refused: the status for what cannot be used or is locked.
    """
    try:
        yield
    except (ConfwatchError, ExceptionGroup) as error:
        planned = list(_leaves(error))
        for one in planned:
            if not isinstance(one, ConfwatchError):
                raise
            click.echo(f"confwatch: {one}", err=True)
        unusable = any(isinstance(one, ConfigError | LockHeld) for one in planned)
        sys.exit(refused if unusable else FAILED)


def visible(text: str) -> str:
    """Return *text* as a terminal can show it; keys may hold bytes that are no text."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group of tasks that ended together; or just this one."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


class DurationType(click.ParamType):  # type: ignore[type-arg]  # older clicks have none
    """Takes ``500ms``, ``5s``, ``2m`` or ``1h``, gives seconds."""

    name = "duration"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds, or fail as click does."""
        from confwatch.config.scalars import duration

        if isinstance(value, float):
            return value
        try:
            return duration(str(value))
        except ValueError as error:
            self.fail(f"expected {error}", param, ctx)


DURATION = DurationType()
