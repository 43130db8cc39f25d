"""Addresses of real interfaces, which come and go in a network of their own."""

import json
import os
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
    pytest.mark.skipif(os.geteuid() != 0, reason="makes a network of its own"),
]

SCRIPT = """
import asyncio
import sys

from confwatch.errors import NoAddress
from confwatch.model.address import Auto, Interface, Network
from confwatch.model.service import Service
from confwatch.registration.address import Addresses

RULES = {
    "auto": Auto(),
    "dum0": Interface("dum0"),
    "dum0 inet6": Interface("dum0", 6),
    "dum0[1]": Interface("dum0", 4, 1),
    "10.7.0.0/16": Network("10.7.0.0/16"),
}


async def main() -> None:
    addresses = Addresses("10.9.0.1")
    for name, rule in RULES.items():
        try:
            found = await addresses.of(Service("web", "web-1", 80, (rule,)))
        except NoAddress:
            found = "none"
        print(f"{name}: {found}")


asyncio.run(main())
"""


@pytest.fixture
def network() -> Iterator[int]:
    """Hold a network with a loopback alone, by the id of a process in it."""
    command = [require("unshare"), "--net", "sh", "-c", "ip link set lo up; echo; cat"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        yield holder.pid
        holder.kill()


def inside(network: int, *words: str) -> str:
    """Run a command in that network."""
    top = Path(__file__).parents[2]
    command = [require("nsenter"), f"--net=/proc/{network}/ns/net", *words]
    return subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=top, timeout=30
    ).stdout


def found(network: int) -> list[str]:
    return inside(network, sys.executable, "-c", SCRIPT).splitlines()


def test_real_interfaces_are_looked_at(network: int) -> None:
    assert found(network) == [
        "auto: none",
        "dum0: none",
        "dum0 inet6: none",
        "dum0[1]: none",
        "10.7.0.0/16: none",
    ]
    for line in (
        "link add dum0 type veth peer name dum1",
        "address add 10.7.0.9/16 dev dum0",
        "address add 10.7.0.5/16 dev dum0",
        "address add 2001:db8::7/64 dev dum0 nodad",
        "link set dum0 up",
        "link set dum1 up",
        "route add 10.9.0.0/24 dev dum0 src 10.7.0.9",
    ):
        inside(network, "ip", *line.split())
    assert found(network) == [
        "auto: 10.7.0.9",
        "dum0: 10.7.0.5",
        "dum0 inet6: 2001:db8::7",
        "dum0[1]: 10.7.0.9",
        "10.7.0.0/16: 10.7.0.5",
    ]


EDGE = """
templates: [{src: edge.j2, dest: OUT/edge, keys: [/edge]}]
services:
  - {name: edge, id: edge-1, address: "iface:dum0", port: 80, ttl: 3s, refresh: 200ms}
"""


@pytest.fixture
def program(
    network: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Confwatch]:
    joined = (require("nsenter"), f"--net=/proc/{network}/ns/net")
    inner = (*joined, sys.executable, "-m", "confwatch")
    monkeypatch.setattr(daemon, "PROGRAM", inner)
    with confwatch(tmp_path) as running:
        running.template("edge.j2", '{{ getv("/edge") }}\n')
        running.resource("edge", EDGE)
        running.put("/edge", "1")
        yield running


@pytest.mark.daemon
async def test_an_address_that_changes_is_announced(
    network: int, program: Confwatch
) -> None:
    def address() -> str:
        try:
            record = (program.keys / "services/edge/edge-1").read_text()
        except FileNotFoundError:
            return ""
        return str(json.loads(record)["address"])

    program.start()
    await until(
        lambda: any(
            "iface:dum0: no such interface" in line.get("error", "")
            for line in program.lines("registration.registering")
        )
    )
    for command in (
        "link add dum0 type veth peer name dum1",
        "link set dum0 up",
        "link set dum1 up",
        "address add 10.7.0.9/16 dev dum0",
    ):
        inside(network, "ip", *command.split())
    await until(lambda: address() == "10.7.0.9")
    inside(network, *["ip", "address", "add", "10.7.0.5/16", "dev", "dum0"])
    await until(lambda: address() == "10.7.0.5")
    assert program.end() == 0
