"""The ``checks:`` of a service: how it is asked whether it is well.

Asks nothing yet. A URL is never quoted where it is refused: it may hold a password.
"""

import re
from collections.abc import Callable
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from confwatch.config import scalars
from confwatch.config.commands import positive
from confwatch.config.known import Known
from confwatch.config.nodes import Fields, Items, Node, Text
from confwatch.config.places import Place, Placed, described, nearest, quoted
from confwatch.config.readers import (
    Form,
    Reader,
    form,
    list_of,
    placed,
    scalar,
    whole,
)
from confwatch.model.health import (
    ExecCheck,
    FileCheck,
    HealthCheck,
    HttpCheck,
    Probe,
    TcpCheck,
)

_RANGE = re.compile(r"([1-5][0-9]{2})(?:-([1-5][0-9]{2}))?")
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")
_LEAST_INTERVAL_S = 0.1

_Ranges: TypeAlias = tuple[tuple[int, int], ...]


def _statuses(text: str) -> _Ranges:
    """Return the ranges in ``200-399`` or ``200,204``."""
    found = [_RANGE.fullmatch(part.strip()) for part in text.split(",")]
    ranges = tuple((int(one[1]), int(one[2] or one[1])) for one in found if one)
    if len(ranges) < len(found) or any(low > high for low, high in ranges):
        raise ValueError('status codes like "200-399" or "200,204"')
    return ranges


def _read_statuses(node: Node, place: Place) -> _Ranges:
    """Read status codes as one text, or a list of them."""
    if not isinstance(node, Items):
        return scalar(_statuses)(node, place)
    if not node.items:
        raise place.refuse("expected at least one status code")
    return sum(list_of(scalar(_statuses))(node, place), ())


def _url_problem(text: str) -> str:
    """Say what is wrong with a URL; "" for nothing."""
    if _UNSAFE.search(text):
        return "expected a URL without blanks and control characters"
    try:
        parts = urlsplit(text)
        named = scalars.host(parts.hostname or "")
        usable = parts.port != 0 and (":" in named) == ("[" in parts.netloc)
    except ValueError:
        usable = False
    if not text.startswith(("http://", "https://")):
        return "expected a URL that begins with http:// or https://"
    if not usable:
        return "expected a URL with a host, and a port from 1 to 65535"
    return "expected a URL without a #fragment" if "#" in text else ""


def _read_url(node: Node, place: Place) -> Placed[str]:
    """Read a URL, of which nothing may be quoted where it is refused."""
    if not isinstance(node, Text):
        raise place.refuse(f"expected a URL, got {described(node)}")
    return Placed(node.text, place)


def _tcp(text: str) -> TcpCheck:
    host, _, port = text.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    if not host or (":" in bare) != (host == f"[{bare}]"):
        raise ValueError("HOST:PORT, as in 127.0.0.1:80 or [::1]:80")
    return TcpCheck(scalars.host(bare), scalars.port(port))


def _read_argv(node: Node, place: Place) -> tuple[str, ...]:
    """Read the words of a program; there is no shell to split a text."""
    if isinstance(node, Text):
        raise place.refuse("expected a list of words, as in [/usr/bin/check, web]")
    argv = list_of(scalar(str))(node, place)
    if not argv or not argv[0].strip():
        raise place.refuse("expected a program and its words")
    return argv


def _interval(text: str) -> float:
    seconds = scalars.duration(text)
    if seconds < _LEAST_INTERVAL_S:
        raise ValueError("a duration of at least 100ms")
    return seconds


class CheckForm(Form, frozen=True, kw_only=True):
    """What checks of all kinds know."""

    interval: Annotated[float, scalar(_interval)] = 5.0
    """From start to start: a service that died is noticed in fall times this."""
    timeout: Annotated[Placed[float] | None, placed(scalar(positive))] = None
    """A run that takes longer has failed; 1 s, and 5 s for a program."""
    rise: Annotated[int, whole(1, 1000)] = 1
    """Passes in a row that make it pass."""
    fall: Annotated[int, whole(1, 1000)] = 3
    """Failures in a row that make it fail: one lost packet is no failure."""


class HttpForm(CheckForm, frozen=True, kw_only=True):
    """``{http: URL}``."""

    http: Annotated[Placed[str], _read_url]
    expect_status: Annotated[_Ranges, _read_statuses] = ((200, 399),)
    expect_body: Annotated[str, scalar(str)] = ""


class TcpForm(CheckForm, frozen=True, kw_only=True):
    """``{tcp: HOST:PORT}``."""

    tcp: Annotated[Placed[str], placed(scalar(scalars.filled))]


class ExecForm(CheckForm, frozen=True, kw_only=True):
    """``{exec: [argv]}``."""

    exec: Annotated[Placed[tuple[str, ...]], placed(_read_argv)]
    warn_codes: Annotated[tuple[int, ...], list_of(whole(1, 255))] = ()


class FileForm(CheckForm, frozen=True, kw_only=True):
    """``{file: PATH}``."""

    file: Annotated[str, scalar(scalars.file_path)]
    max_age: Annotated[float | None, scalar(positive)] = None


AnyForm: TypeAlias = HttpForm | TcpForm | ExecForm | FileForm

_KINDS: dict[str, type[HttpForm | TcpForm | ExecForm | FileForm]] = {
    "http": HttpForm,
    "tcp": TcpForm,
    "exec": ExecForm,
    "file": FileForm,
}
_OWN = {
    "expect_status": "belongs to http checks",
    "expect_body": "belongs to http checks",
    "warn_codes": "belongs to exec checks",
    "max_age": "belongs to file checks",
}


def read_health_check(node: Node, place: Place) -> Placed[AnyForm]:
    """Read one entry of ``checks:``: exactly one kind, and what this kind knows."""
    if not isinstance(node, Fields):
        raise place.refuse(f"expected a mapping, got {described(node)}")
    kinds = [kind for kind in _KINDS if kind in node.entries]
    if len(kinds) != 1:
        raise place.refuse(_no_kind(kinds, node))
    reader: Reader[AnyForm] = form(_KINDS[kinds[0]], _OWN)
    return Placed(reader(node, place), place)


def _no_kind(kinds: list[str], node: Fields) -> str:
    """Say that a check needs one kind, and which one a slip of the pen meant."""
    found = " and ".join(kinds) or "none"
    hints = [] if kinds else [nearest(name, _KINDS) for name in node.entries]
    hint = next((one for one in hints if one), "")
    return f"expected exactly one of {', '.join(_KINDS)}, got {found}{hint}"


def health_check_of(written: AnyForm, port: int, known: Known) -> HealthCheck:
    """Fill in what the machine knows, and warn of what cannot be meant.

    Args:
        written: one entry of ``checks:``.
        port: of the service, for checks that insert it.
        known: the world around conf.d.
    """
    timeout_s = 5.0 if isinstance(written, ExecForm) else 1.0
    if written.timeout is not None:
        timeout_s = written.timeout.value
        if timeout_s > written.interval:
            written.timeout.place.warn(
                "is longer than interval: a slow run skips those that follow"
            )
    return HealthCheck(
        probe=_probe(written, port, known),
        interval_s=written.interval,
        timeout_s=timeout_s,
        rise=written.rise,
        fall=written.fall,
    )


def _probe(written: AnyForm, port: int, known: Known) -> Probe:
    match written:
        case HttpForm():
            return _http(written, port, known)
        case TcpForm():
            place = written.tcp.place
            text = known.host.inserted(written.tcp.value, place, port=str(port))
            try:
                return _tcp(text)
            except ValueError as error:
                raise place.refuse(f"expected {error}, got {quoted(text)}") from None
        case ExecForm():
            _judge_program(written.exec, known.host.finds)
            return ExecCheck(written.exec.value, written.warn_codes)
        case FileForm():
            return FileCheck(known.path(written.file), written.max_age)


def _http(written: HttpForm, port: int, known: Known) -> HttpCheck:
    url = known.host.inserted(written.http.value, written.http.place, port=str(port))
    problem = _url_problem(url)
    if problem:
        raise written.http.place.refuse(problem)
    return HttpCheck(url, written.expect_status, written.expect_body)


def _judge_program(argv: Placed[tuple[str, ...]], finds: Callable[[str], bool]) -> None:
    """Refuse a program that hangs on a working folder; warn where there is none."""
    program = argv.value[0]
    if "/" in program and not program.startswith("/"):
        raise argv.place.refuse("expected an absolute path, or a name on PATH")
    if not finds(program):
        argv.place.warn(f"{program} cannot be run here: until it can, the check fails")
