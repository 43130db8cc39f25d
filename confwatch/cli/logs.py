"""How log lines look: for people on a terminal, JSON otherwise or on request."""

import logging
import sys
import warnings

import structlog


def set_up(level: str, form: str) -> None:
    """Send all log lines to stderr.

    Args:
        level: debug, info, warning or error.
        form: text, json, or auto: text on a terminal.
    """
    _quieten_watchdog()
    text = form == "text" or (form == "auto" and sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_last(text=text),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            getattr(logging, level.upper())
        ),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


def _quieten_watchdog() -> None:
    """Keep out what watchdog says beside the log: of its own races, not of ours."""
    logging.getLogger("watchdog").setLevel(logging.ERROR)
    message = "Callback with id"
    warnings.filterwarnings("ignore", message=message, category=RuntimeWarning)


def _last(*, text: bool) -> list[structlog.typing.Processor]:
    """Return the steps that make a line of an event."""
    if text:
        return [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    return [
        _news_first,
        structlog.processors.dict_tracebacks,
        structlog.processors.JSONRenderer(default=str),
    ]


def _news_first(
    _logger: object, _method: str, event: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Put first what a person looks for first."""
    first = {name: event.pop(name) for name in ("timestamp", "level", "event")}
    return {**first, **event}
