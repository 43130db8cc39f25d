"""Where the admin server listens."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from confwatch.config import scalars
from confwatch.config.nodes import Node
from confwatch.config.paths import absolute_at
from confwatch.config.places import Place
from confwatch.config.readers import scalar

_TCP = re.compile(r"\[?([0-9A-Fa-f:.]+?)\]?:([0-9]+)")
_MAX_SOCKET_BYTES = 107
"""What the kernel's sockaddr_un holds, less its closing NUL."""


class UnixAddress(Struct, frozen=True):
    """A socket in the file system, 0600."""

    path: Path

    def __str__(self) -> str:
        return f"unix:{self.path}"


class TcpAddress(Struct, frozen=True):
    """A port of the loopback interface."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


AdminAddress: TypeAlias = UnixAddress | TcpAddress


def read_admin(node: Node, place: Place) -> AdminAddress | None:
    """Read ``unix:PATH``, ``127.0.0.1:PORT`` or ``off``."""
    text = scalar(_admin)(node, place)
    if text == "off":
        return None
    if not text.startswith("unix:"):
        host, _, number = text.rpartition(":")
        return TcpAddress(host.strip("[]"), int(number))
    path = absolute_at(text.removeprefix("unix:"), place)
    if len(str(path).encode()) > _MAX_SOCKET_BYTES:
        raise place.refuse(f"a socket's path has at most {_MAX_SOCKET_BYTES} bytes")
    return UnixAddress(path)


def default_admin(environ: Mapping[str, str], uid: int, state_dir: Path) -> UnixAddress:
    """Return the socket in the runtime folder.

    The folder systemd made for us; root's own; the user's; else the state folder,
    which at least nobody else can write to.
    """
    given = environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    users = environ.get("XDG_RUNTIME_DIR", "")
    if given:
        return UnixAddress(Path(given, "admin.sock"))
    if uid == 0:
        return UnixAddress(Path("/run/confwatch/admin.sock"))
    if users:
        return UnixAddress(Path(users, "confwatch", "admin.sock"))
    return UnixAddress(state_dir / "admin.sock")


def _admin(text: str) -> str:
    if text == "off" or (text.startswith("unix:") and text != "unix:"):
        return scalars.printable(text)
    found = _TCP.fullmatch(text)
    if found is None or not ipaddress.ip_address(found[1]).is_loopback:
        raise ValueError("unix:PATH, 127.0.0.1:PORT or off")
    scalars.port(found[2])
    return text
