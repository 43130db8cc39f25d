"""Addresses of real interfaces, which come and go in a network of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.servers import require

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
