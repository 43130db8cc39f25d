"""How a service is asked whether it is well, and what it answered."""

from enum import Enum
from typing import TypeAlias

from msgspec import Struct


class Status(Enum):
    """How well a service is, in the words that records carry."""

    PASSING = "passing"
    WARNING = "warning"
    CRITICAL = "critical"


class HttpCheck(Struct, frozen=True):
    """GET *url*, redirects not followed.

    Attributes:
        url: http or https.
        expect_status: inclusive ranges of status codes that pass.
        expect_body: text that must stand in the first 64 KiB; "" for none.
    """

    url: str
    expect_status: tuple[tuple[int, int], ...] = ((200, 399),)
    expect_body: str = ""


class TcpCheck(Struct, frozen=True):
    """Open a connection, and close it."""

    host: str
    port: int


class ExecCheck(Struct, frozen=True):
    """Run a program: 0 passes, one of *warn_codes* warns, all else fails."""

    argv: tuple[str, ...]
    warn_codes: tuple[int, ...] = ()


class FileCheck(Struct, frozen=True):
    """A file exists, and was written in the last *max_age_s* where that is given."""

    path: str
    max_age_s: float | None = None


Probe: TypeAlias = HttpCheck | TcpCheck | ExecCheck | FileCheck


class HealthCheck(Struct, frozen=True):
    """One question to a service, asked again and again.

    Attributes:
        probe: what is asked.
        interval_s: from start to start; a run that takes longer skips its successors.
        timeout_s: a run that takes longer has failed.
        rise: passes in a row, counted from zero, that make a failed check pass.
        fall: failures in a row, counted from zero, that make a passing check fail.
    """

    probe: Probe
    interval_s: float = 5.0
    timeout_s: float = 1.0
    rise: int = 1
    fall: int = 3
