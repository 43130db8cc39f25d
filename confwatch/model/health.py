"""How a service is asked whether it is well, and what it answered."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Status(Enum):
    """How well a service is, in the words that records carry."""

    PASSING = "passing"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """GET *url*, redirects not followed.

    Attributes:
        url: http or https.
        expect_status: inclusive ranges of status codes that pass.
        expect_body: text that must stand in the first 64 KiB; "" for none.
    """

    url: str
    expect_status: tuple[tuple[int, int], ...] = ((200, 399),)
    expect_body: str = ""


@dataclass(frozen=True, slots=True)
class TcpCheck:
    """Open a connection, and close it."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ExecCheck:
    """Run a program: 0 passes, one of *warn_codes* warns, all else fails."""

    argv: tuple[str, ...]
    warn_codes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class FileCheck:
    """A file exists, and was written in the last *max_age_s* where that is given."""

    path: str
    max_age_s: float | None = None


Probe: TypeAlias = HttpCheck | TcpCheck | ExecCheck | FileCheck


@dataclass(frozen=True, slots=True)
class HealthCheck:
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
