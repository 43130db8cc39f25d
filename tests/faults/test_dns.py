"""Names looked up at a real name server: it changes its mind, hangs, and knows nothing.

The program runs in a network of its own, where dnsmasq has port 53 and resolv.conf
names nobody else.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import daemon
from tests.support.daemon import Confwatch, confwatch
from tests.support.servers import require
from tests.support.waiting import until

pytestmark = [
    pytest.mark.real,
    pytest.mark.daemon,
    pytest.mark.timeout(90),
    pytest.mark.skipif(os.geteuid() != 0, reason="makes a network of its own"),
]

RESOLV = "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
CONFIG = """
no-resolv
no-hosts
no-daemon
listen-address=127.0.0.1
bind-interfaces
local=/test/
cache-size=0
"""
TEMPLATE = """
a {{ lookupIPV4("web.test") | join(" ") }}
aaaa {{ lookupIPV6("web.test") | join(" ") }}
{% for one in lookupSRV("http", "tcp", "test") %}
srv {{ one.Target }} {{ one.Port }} {{ one.Priority }} {{ one.Weight }}
{% endfor %}
none {{ lookupIP("nobody.test") | join(" ") }}.
"""
FIRST = "\na 10.0.0.1 10.0.0.2\naaaa fd00::1\nsrv one.test. 8080 1 5\nnone .\n"


class NameServer:
    """dnsmasq in a network of its own.

    Attributes:
        network: a process whose network and mounts others can join.
    """

    def __init__(self, folder: Path) -> None:
        self._dnsmasq, unshare = require("dnsmasq"), require("unshare")
        require("ip")
        self._config = folder / "dnsmasq.conf"
        self._told = folder / "dnsmasq.log"
        self._log = self._told.open("wb")
        resolv = folder / "resolv.conf"
        resolv.write_text(RESOLV)
        script = f"ip link set lo up && mount --bind {resolv} /etc/resolv.conf"
        self.network = subprocess.Popen(
            [
                unshare,
                "--net",
                "--mount",
                "sh",
                "-c",
                f"{script} && echo up && exec cat",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.network.stdout is not None
        assert self.network.stdout.readline() == b"up\n"
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def inside(self) -> tuple[str, ...]:
        """What runs a command in that network."""
        pid = str(self.network.pid)
        return ("nsenter", f"--target={pid}", "--net", "--mount")

    def tell(self, *records: str) -> None:
        """Answer with these records from now on."""
        self._start(CONFIG + "\n".join(records) + "\n")

    def refuse(self) -> None:
        """Answer REFUSED from now on, as one that lost whom it asks itself."""
        self._start(CONFIG.replace("local=/test/\n", "log-queries=extra\n"))

    def _start(self, config: str) -> None:
        if self._server is not None:
            self._end()
        self._config.write_text(config)
        self._server = subprocess.Popen(
            [*self.inside, self._dnsmasq, f"--conf-file={self._config}", "--user=root"],
            stdin=subprocess.DEVNULL,
            stderr=self._log,
        )

    async def asked(self, count: int) -> None:
        """Wait until the one that refuses has been asked so often."""
        await until(lambda: self._told.read_text().count("query[A]") >= count)

    def send(self, number: signal.Signals) -> None:
        """Freeze it, or let it go on."""
        assert self._server is not None
        self._server.send_signal(number)

    def close(self) -> None:
        """End everything in that network."""
        if self._server is not None:
            self._end()
        assert self.network.stdin is not None
        assert self.network.stdout is not None
        self.network.stdin.close()
        self.network.wait(timeout=10)
        self.network.stdout.close()
        self._log.close()

    def _end(self) -> None:
        assert self._server is not None
        self._server.kill()
        self._server.wait(timeout=10)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NameServer]:
    made = NameServer(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def program(
    tmp_path: Path, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Confwatch]:
    inside = (*server.inside, sys.executable, "-m", "confwatch")
    monkeypatch.setattr(daemon, "PROGRAM", inside)
    monkeypatch.setenv("CONFWATCH_DNS_REFRESH", "200ms")
    with confwatch(tmp_path) as running:
        running.template("a.j2", TEMPLATE)
        running.resource("a", "templates: [{src: a.j2, dest: OUT/a}]")
        yield running


RECORDS = (
    "host-record=web.test,10.0.0.2,fd00::1",
    "host-record=web.test,10.0.0.1",
    "srv-host=_http._tcp.test,one.test,8080,1,5",
)


def because_of_names(program: Confwatch) -> list[str]:
    """Return why files were installed, where names were the reason."""
    reasons = [one["because"] for one in program.lines("resource.installed")]
    return [one for one in reasons if "names changed" in one]


async def test_a_changed_answer_renders_again(
    program: Confwatch, server: NameServer
) -> None:
    server.tell(*RECORDS)
    program.start()
    await program.holds("a", FIRST)
    server.tell(
        "host-record=web.test,10.0.0.3", "srv-host=_http._tcp.test,two.test,81,2,6"
    )
    second = "\na 10.0.0.3\naaaa \nsrv two.test. 81 2 6\nnone .\n"
    await program.holds("a", second)
    await until(lambda: because_of_names(program))
    assert all("test" in one for one in because_of_names(program))


async def test_a_name_server_that_hangs_leaves_the_last_answer(
    program: Confwatch, server: NameServer
) -> None:
    server.tell(*RECORDS)
    program.start()
    await program.holds("a", FIRST)
    server.send(signal.SIGSTOP)
    # A pass of its own in the meantime has the old answers, at once.
    program.template("a.j2", "# edited" + TEMPLATE)
    await program.holds("a", "# edited" + FIRST)
    assert program.lines("resource.failed") == []
    server.send(signal.SIGCONT)
    server.tell("host-record=web.test,10.0.0.9")
    await until(lambda: "10.0.0.9" in (program.out / "a").read_text(), deadline_s=30)


async def test_a_name_server_that_refuses_leaves_the_last_answer(
    program: Confwatch, server: NameServer
) -> None:
    server.tell(*RECORDS)
    program.start()
    await program.holds("a", FIRST)
    server.refuse()
    await server.asked(4)
    program.template("a.j2", "# edited" + TEMPLATE)
    await program.holds("a", "# edited" + FIRST)
    assert program.lines("resource.failed") == []


async def test_a_name_that_comes_and_goes_is_there_and_empty(
    program: Confwatch, server: NameServer
) -> None:
    server.tell(*RECORDS)
    program.start()
    await program.holds("a", FIRST)
    server.tell(*RECORDS, "host-record=nobody.test,10.0.0.7")
    await program.holds("a", FIRST.replace("none .", "none 10.0.0.7."))
    server.tell()
    await program.holds("a", "\na \naaaa \nnone .\n")


async def test_where_nobody_ever_answered_nothing_is_installed(
    program: Confwatch, server: NameServer
) -> None:
    program.start()
    (line, *_) = await program.logged("resource.failed")
    assert "no answer about" in line["error"]
    assert not (program.out / "a").exists()
    server.tell(*RECORDS)
    await until((program.out / "a").exists, deadline_s=30)
    assert (program.out / "a").read_text() == FIRST
