"""Asks a service once how it is. Every way to fail is an answer, none an exception.

What an answer says is for people: one line, without secrets of a URL, never stored.
"""

import asyncio
import os
import shlex
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp

from confwatch.aio.asides import Asides
from confwatch.aio.process import run
from confwatch.aio.slots import Slots
from confwatch.errors import told_status
from confwatch.model.health import (
    ExecCheck,
    FileCheck,
    HealthCheck,
    HttpCheck,
    Probe,
    Status,
    TcpCheck,
)
from confwatch.registration.resolver import Resolver, connect

MAX_BODY_BYTES = 64 * 1024
MAX_OUTPUT_BYTES = 4096
SAID_CHARS = 200
_PROGRAMS, _PROGRAM_PATIENCE_S = 8, 1.0
_QUESTIONS, _QUESTION_PATIENCE_S = 64, 0.25


class Answer(NamedTuple):
    """How a service is, and what was said about it; "" where all is well."""

    status: Status
    said: str = ""


PASSED = Answer(Status.PASSING)


@asynccontextmanager
async def http_client() -> AsyncIterator[aiohttp.ClientSession]:
    """Hold the HTTP client of all checks for the block.

    A new connection each time, for a service that accepts none is not well. Nothing is
    limited here: a run would wait in a queue while its own time passes.
    """
    connector = aiohttp.TCPConnector(
        limit=0, force_close=True, resolver=Resolver(), use_dns_cache=False
    )
    async with aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "confwatch", "Accept-Encoding": "identity"},
        auto_decompress=False,
    ) as session:
        yield session


class Probes:
    """Asks services; at most a few at the same moment, so that none comes too late."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http
        self._resolver = Resolver()
        self._files: Asides[os.stat_result] = Asides()
        self._programs = Slots(_PROGRAMS, _PROGRAM_PATIENCE_S)
        self._questions = Slots(_QUESTIONS, _QUESTION_PATIENCE_S)

    async def ask(self, check: HealthCheck, told: Mapping[str, str]) -> Answer:
        """Ask once; the time counts from when it is asked, not from when it waited.

        Args:
            check: what to ask, and how long to wait.
            told: variables more for a program.
        """
        probe = check.probe
        if isinstance(probe, ExecCheck):
            async with self._programs.one():
                answer = await _exec(probe, check.timeout_s, told)
        else:
            async with self._questions.one():
                answer = await self._within(probe, check.timeout_s)
        if answer.status is Status.PASSING:
            return answer
        return Answer(answer.status, f"{shown(probe)}: {answer.said}"[:SAID_CHARS])

    async def _within(
        self, probe: HttpCheck | TcpCheck | FileCheck, timeout_s: float
    ) -> Answer:
        """Ask over the network or the disk; a late answer is a failure."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._once(probe)
        except TimeoutError:
            return _failed(f"no answer within {timeout_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _failed(_reason(error))

    async def _once(self, probe: HttpCheck | TcpCheck | FileCheck) -> Answer:
        match probe:
            case HttpCheck():
                return await self._ask_http(probe)
            case TcpCheck(host, port):
                await connect(self._resolver, host, port)
                return PASSED
            case FileCheck():
                return await self._ask_file(probe)

    async def _ask_http(self, probe: HttpCheck) -> Answer:
        """GET, following no redirect, and read no more than has to be looked at."""
        async with self._http.get(probe.url, allow_redirects=False) as response:
            status = response.status
            if not any(low <= status <= high for low, high in probe.expect_status):
                return _failed(f"status {status}")
            if not probe.expect_body:
                return PASSED
            body = bytearray()
            while piece := await response.content.read(MAX_BODY_BYTES - len(body)):
                body += piece
                if probe.expect_body.encode() in body:
                    return PASSED
            return _failed("the expected text is not in the body")

    async def _ask_file(self, probe: FileCheck) -> Answer:
        """Look at a file, on a disk that may hang."""
        found = await self._files.of(probe.path, partial(os.stat, probe.path))
        age_s = time.time() - found.st_mtime
        if probe.max_age_s is not None and age_s > probe.max_age_s:
            return _failed(f"was written {age_s:.0f} s ago")
        return PASSED


async def _exec(probe: ExecCheck, timeout_s: float, told: Mapping[str, str]) -> Answer:
    """Run a program; whatever it started ends with its time."""
    ended = await run(probe.argv, timeout_s=timeout_s, env={**os.environ, **told})
    if ended.status == 0:
        return PASSED
    problem = ended.problem or told_status(ended.status)
    lines = ended.output[:MAX_OUTPUT_BYTES].decode("utf-8", "replace").split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    readable = "".join(one if one.isprintable() else "?" for one in first)
    said = f"{problem}: {readable}" if readable else problem
    warns = ended.status in probe.warn_codes
    return Answer(Status.WARNING if warns else Status.CRITICAL, said)


def shown(probe: Probe) -> str:
    """Name what is asked, without what may be secret in it."""
    match probe:
        case HttpCheck(url):
            parts = urlsplit(url)
            return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        case TcpCheck(host, port):
            return f"tcp [{host}]:{port}" if ":" in host else f"tcp {host}:{port}"
        case ExecCheck(argv):
            return shlex.quote(argv[0])
        case FileCheck(path):
            return path


def _failed(said: str) -> Answer:
    return Answer(Status.CRITICAL, said)


def _reason(error: Exception) -> str:
    """Say why a connection or a file failed, as the system does."""
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return "the host name is not known"
    if isinstance(error, aiohttp.ClientSSLError):
        told = getattr(error.os_error, "verify_message", "")
        return f"TLS failed: {told or getattr(error.os_error, 'reason', '')}"
    if isinstance(error, ValueError):
        # aiohttp and yarl say this of a URL, and quote its password.
        return "the URL cannot be used"
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number > 0:
        return os.strerror(number)
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
