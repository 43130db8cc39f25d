"""Where a store is, as one line: ``etcd://h1:2379,h2:2379/prefix`` or ``dir:PATH``.

Pure. What is wrong with a URL is told without quoting from it, for it may hold a
password; ``shown`` has neither user part nor query.
"""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import unquote

from msgspec import Struct, field

from confwatch.config.keys import plain_key
from confwatch.model.keys import ROOT, Key
from confwatch.model.secret import Secret

KNOWN = "etcd://, etcds:// or dir:"
_LATER = frozenset({"consul", "consuls", "zookeeper", "redis", "rediss", "env", "file"})
_ETCD_PORT = 2379
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)(?::([0-9]{1,5}))?")
_UNSAFE = re.compile(r"[\x00-\x20\x7f#]")
_HINT = "inside a password write / as %2F, ? as %3F, # as %23, @ as %40"


class StoreUrl(Struct, frozen=True):
    """A store's URL, understood.

    Attributes:
        scheme: "etcd", "etcds" or "dir".
        endpoints: each ``host:port``, IPv6 in brackets; none for a folder.
        prefix: stands before every key in the store; keys are seen without it.
        path: of a folder, as it was written; "" for others.
        user: "" where none is given.
        password: None where none is given.
        options: the query, not yet judged.
    """

    scheme: str
    endpoints: tuple[str, ...] = ()
    prefix: Key = ROOT
    path: str = ""
    user: str = ""
    password: Secret | None = None
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def shown(self) -> str:
        """The URL for people and logs."""
        if self.scheme == "dir":
            return f"dir:{self.path}"
        prefix = "" if self.prefix == ROOT else self.prefix
        return f"{self.scheme}://{','.join(self.endpoints)}{prefix}"


def parse_store_url(text: str) -> StoreUrl:
    """Return what a store's URL means.

    Raises:
        ValueError: it means nothing; the words never hold a part of it but its scheme.
    """
    found = _SCHEME.fullmatch(text)
    if found is None:
        raise ValueError(f"expected a URL that begins with {KNOWN}")
    scheme, rest = found[1].lower(), found[2]
    if scheme in _LATER:
        raise ValueError(f"{scheme}: is not available yet, only {KNOWN}")
    if scheme == "dir":
        return _dir(rest)
    if scheme not in ("etcd", "etcds"):
        raise ValueError(f"{scheme}: is not a store; expected {KNOWN}")
    return _etcd(scheme, rest)


def _dir(rest: str) -> StoreUrl:
    """Read ``PATH?options``; ``dir:///PATH`` is understood as well."""
    path, _, query = rest.partition("?")
    if path.startswith("//"):
        if not path.startswith("///"):
            raise ValueError("a folder has no host: expected dir:PATH")
        path = path[2:]
    if not path or "\0" in path:
        raise ValueError("expected dir: and the path of a folder")
    return StoreUrl("dir", path=path, options=_options(query))


def _etcd(scheme: str, rest: str) -> StoreUrl:
    """Read ``//user:password@hosts/prefix?options``."""
    if not rest.startswith("//"):
        raise ValueError(f"expected {scheme}:// and hosts")
    if _UNSAFE.search(rest):
        raise ValueError(f"blanks and # have no place in a URL; {_HINT}")
    address, _, query = rest[2:].partition("?")
    authority, slash, path = address.partition("/")
    userinfo, _, hosts = authority.rpartition("@")
    # An @ behind the hosts is most likely a password with an unescaped slash in it,
    # and the path is shown.
    if "@" in path or "@" in userinfo:
        raise ValueError(f"expected one @, behind the user part; {_HINT}")
    user, _, password = userinfo.partition(":")
    return StoreUrl(
        scheme,
        endpoints=tuple(_endpoint(host) for host in hosts.split(",")),
        prefix=plain_key(slash + _unescaped(path)) if path else ROOT,
        user=_unescaped(user),
        password=Secret(_unescaped(password)) if password else None,
        options=_options(query),
    )


def _endpoint(text: str) -> str:
    found = _HOST.fullmatch(text)
    if found is None or not 0 < int(found[2] or _ETCD_PORT) < 1 << 16:
        raise ValueError(f"expected hosts like h1:2379,h2:2379; {_HINT}")
    if found[1].startswith("["):
        ipaddress.IPv6Address(found[1][1:-1])
    return f"{found[1]}:{int(found[2] or _ETCD_PORT)}"


def _options(query: str) -> Mapping[str, str]:
    options: dict[str, str] = {}
    for pair in query.split("&") if query else ():
        name, equals, value = pair.partition("=")
        if not equals or name in options:
            raise ValueError("expected options like ?name=value&name=value, each once")
        options[name] = _unescaped(value)
    return options


def _unescaped(text: str) -> str:
    plain = unquote(text, errors="strict")
    if "\0" in plain:
        raise ValueError("a NUL character cannot be used")
    return plain
