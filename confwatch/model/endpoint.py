"""Addresses and ports as one text, and what may be an address at all. Pure."""

import ipaddress
import re

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\.?\Z")
_ENDPOINT = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+)):([0-9]{1,5})\Z")
_NUMERIC = re.compile(r"[0-9.]+\Z")
MOST_PORT = 65535


def endpoint(address: str, port: int) -> str:
    """Join an address and a port: ``10.0.0.5:80``, ``[2001:db8::1]:80``.

    Source: https://pkg.go.dev/net#JoinHostPort
    """
    return f"{_bracketed(address)}:{port}"


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def split_endpoint(text: str) -> tuple[str, int] | None:
    """Take apart what ``endpoint`` joined; None where *text* is no such thing."""
    found = _ENDPOINT.match(text)
    if found is None:
        return None
    address, port = found[1] or found[2], int(found[3])
    six = found[1] is not None
    if not is_address(address) or six != (":" in address) or not is_port(port):
        return None
    return address, port


def is_port(number: int) -> bool:
    """Tell whether something can listen there."""
    return 1 <= number <= MOST_PORT


def is_address(text: str) -> bool:
    """Tell whether *text* is an IP address or a host name, and nothing beside it.

    It goes into configuration files, so no zone of a link either: anything may stand
    behind its ``%``.
    """
    if ":" in text or _NUMERIC.match(text):
        try:
            ipaddress.ip_address(text)
        except ValueError:
            return False
        return "%" not in text
    return _HOST.match(text) is not None
