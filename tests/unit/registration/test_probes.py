"""Asking a service once: real programs, files and sockets."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme
from aiohttp import web

from confwatch.model.health import (
    ExecCheck,
    FileCheck,
    HealthCheck,
    HttpCheck,
    Probe,
    Status,
    TcpCheck,
)
from confwatch.registration.probes import Answer, Probes, http_client, shown

OLD = 1_000_000_000


async def ask(probe: Probe, timeout_s: float = 5.0) -> Answer:
    async with http_client() as http:
        check = HealthCheck(probe, timeout_s=timeout_s)
        return await Probes(http).ask(check, {"CONFWATCH_SERVICE": "web"})


async def failure(probe: Probe, timeout_s: float = 5.0) -> str:
    answer = await ask(probe, timeout_s)
    assert answer.status is Status.CRITICAL
    return answer.said


@asynccontextmanager
async def served(tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve a few pages on a free port, and yield it."""

    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        return web.Response()

    async def flood(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(3):
            await answer.write(b"x" * 64 * 1024)
        await answer.write(b"needle")
        return answer

    async def moved(_: web.Request) -> web.Response:
        raise web.HTTPFound("/gone")

    async def well(request: web.Request) -> web.Response:
        return web.Response(text=f"all is well {request.headers.get('Authorization')}")

    app = web.Application()
    pages = {"/well": well, "/moved": moved, "/hang": hang, "/flood": flood}
    app.add_routes([web.get(path, page) for path, page in pages.items()])
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def test_http_looks_at_the_status_and_follows_no_redirect() -> None:
    async with served() as port:
        base = f"http://127.0.0.1:{port}"
        assert (await ask(HttpCheck(f"{base}/well"))).status is Status.PASSING
        assert (await ask(HttpCheck(f"{base}/moved"))).status is Status.PASSING
        assert await failure(HttpCheck(f"{base}/gone")) == f"{base}/gone: status 404"
        narrow = HttpCheck(f"{base}/moved", ((200, 200), (204, 299)))
        assert await failure(narrow) == f"{base}/moved: status 302"


async def test_http_finds_its_text_in_the_first_bytes_alone() -> None:
    async with served() as port:
        base = f"http://127.0.0.1:{port}"
        well = HttpCheck(f"{base}/well", expect_body="is well")
        assert (await ask(well)).status is Status.PASSING
        for far in ("/well", "/flood"):
            said = await failure(HttpCheck(base + far, expect_body="needle"))
            assert "not in the body" in said


async def test_http_says_no_password_and_no_query() -> None:
    async with served() as port:
        url = f"http://user:hunter2@127.0.0.1:{port}"
        said = await failure(HttpCheck(f"{url}/gone?token=hunter2"))
        assert said == f"http://127.0.0.1:{port}/gone: status 404"
        basic = HttpCheck(f"{url}/well", expect_body="Basic dXNlcjpodW50ZXIy")
        assert (await ask(basic)).status is Status.PASSING


@pytest.mark.parametrize("user", ["%E6%BC%A2", "\u200b", "a%3Ab"])
async def test_a_user_that_http_cannot_say_is_a_failure(user: str) -> None:
    said = await failure(HttpCheck(f"http://{user}:hunter2@127.0.0.1/"))
    assert said == "http://127.0.0.1/: the URL cannot be used"


async def test_a_late_answer_is_a_failure() -> None:
    async with served() as port:
        said = await failure(HttpCheck(f"http://127.0.0.1:{port}/hang"), 0.05)
        assert said.endswith("no answer within 0.05 s")


async def test_a_certificate_that_nobody_vouches_for_is_a_failure() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    async with served(tls) as port:
        said = await failure(HttpCheck(f"https://127.0.0.1:{port}/well"))
        assert "TLS failed: unable to get" in said


async def test_a_closed_port_is_a_failure_of_tcp_and_http() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        port = reserved.getsockname()[1]
        said = await failure(TcpCheck("127.0.0.1", port))
        assert said == f"tcp 127.0.0.1:{port}: Connection refused"
        said = await failure(HttpCheck(f"http://127.0.0.1:{port}/"))
        assert said == f"http://127.0.0.1:{port}/: Connection refused"


async def test_tcp_opens_a_connection_and_closes_it() -> None:
    closed = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""
        writer.close()
        closed.set()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        for host in ("127.0.0.1", "localhost"):
            assert await ask(TcpCheck(host, port)) == Answer(Status.PASSING)
            await closed.wait()
            closed.clear()


async def test_an_unknown_host_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    said = await failure(TcpCheck("no.example", 80))
    assert said == "tcp no.example:80: the host name is not known"
    said = await failure(HttpCheck("http://no.example/"))
    assert said == "http://no.example/: the host name is not known"


@pytest.mark.parametrize(
    ("script", "status", "said"),
    [
        ("exit 0", Status.PASSING, ""),
        ("echo fine; exit 0", Status.PASSING, ""),
        ("echo slow; exit 1", Status.WARNING, "/bin/sh: exit 1: slow"),
        ("echo; echo ' bad\tthing'; echo x; exit 2", Status.CRITICAL, "bad?thing"),
        ("kill -9 $$", Status.CRITICAL, "/bin/sh: signal 9"),
        ("test $CONFWATCH_SERVICE = web", Status.PASSING, ""),
    ],
)
async def test_a_program_says_how_it_is(script: str, status: Status, said: str) -> None:
    answer = await ask(ExecCheck(("/bin/sh", "-c", script), (1,)))
    assert answer.status is status
    assert said in answer.said


async def test_what_a_program_says_is_cut() -> None:
    flood = "head -c 1000000 /dev/zero | tr '\\0' x; exit 1"
    said = await failure(ExecCheck(("/bin/sh", "-c", flood)))
    assert len(said) == 200


async def test_a_program_that_hangs_is_a_failure() -> None:
    said = await failure(ExecCheck(("/bin/sh", "-c", "sleep 600 & wait")), 0.05)
    assert said == "/bin/sh: timed out after 0.05 s"


async def test_a_program_that_is_not_there_is_a_failure() -> None:
    assert (
        await failure(ExecCheck(("no-such-program",))) == "no-such-program: not found"
    )


async def test_a_file_is_there_and_young_enough(tmp_path: Path) -> None:
    path = tmp_path / "ready"
    probe = FileCheck(str(path), 60)
    assert await failure(probe) == f"{path}: No such file or directory"
    path.touch()
    assert (await ask(probe)).status is Status.PASSING
    os.utime(path, (OLD, OLD))
    assert "was written" in await failure(probe)
    assert (await ask(FileCheck(str(path)))).status is Status.PASSING


def test_probes_are_shown_without_secrets() -> None:
    assert shown(HttpCheck("https://u:p@[::1]:8/a?b=c")) == "https://[::1]:8/a"
    assert shown(TcpCheck("::1", 80)) == "tcp [::1]:80"
    assert shown(ExecCheck(("/bin/check", "--password", "x"))) == "/bin/check"
