"""How log lines look: for people on a terminal, JSON otherwise or on request."""

import atexit
import logging
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, TextIO, cast

import structlog

from confwatch.aio.outlet import Outlet


def set_up(level: str, form: str) -> None:
    """Send all log lines to stderr; who reads them there holds up nobody.

    Args:
        level: debug, info, warning or error.
        form: text, json, or auto: text on a terminal.
    """
    descriptor = _descriptor()
    text = form == "text" or (form == "auto" and os.isatty(descriptor))
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *_last(text=text, colors=os.isatty(descriptor)),
    ]
    outlet = Outlet(descriptor, lambda count: _lost(count, processors))
    atexit.register(outlet.drain)
    # What libraries have to say, the loop's own complaints among it.
    logging.basicConfig(stream=outlet, format="%(message)s", force=True)
    _quieten_watchdog()
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(
            getattr(logging, level.upper())
        ),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", outlet)),
        cache_logger_on_first_use=True,
    )


def _descriptor() -> int:
    """Return where log lines go; a closed stderr may be any other file by now."""
    if sys.stderr is None:
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    return sys.stderr.fileno()


def _lost(count: int, processors: Sequence[structlog.typing.Processor]) -> str:
    """Make the line that tells of lines that nobody took in time."""
    event: Any = {"event": "log.lost", "lines": count}
    for step in processors:
        event = step(None, "warning", event)
    return f"{event}\n"


def _quieten_watchdog() -> None:
    """Keep out what watchdog says beside the log: of its own races, not of ours."""
    logging.getLogger("watchdog").setLevel(logging.ERROR)
    message = "Callback with id"
    warnings.filterwarnings("ignore", message=message, category=RuntimeWarning)


def _last(*, text: bool, colors: bool) -> list[structlog.typing.Processor]:
    """Return the steps that make a line of an event.

    A traceback names places, never what the variables there held: keys, passwords.
    """
    if text:
        return [
            structlog.dev.ConsoleRenderer(
                colors=colors,
                exception_formatter=structlog.dev.plain_traceback,
            )
        ]
    bare = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        _news_first,
        structlog.processors.ExceptionRenderer(bare),
        structlog.processors.JSONRenderer(default=str),
    ]


def _news_first(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Put first what a person looks for first."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event")}
    return {**first, **event}
