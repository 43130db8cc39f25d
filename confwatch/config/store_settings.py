"""One store of the settings: its URL and options, and whether it can honour them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from confwatch.config import scalars
from confwatch.config.nodes import Entry, Fields, Node, Text
from confwatch.config.paths import absolute_at, read_path
from confwatch.config.places import Place
from confwatch.config.readers import Form, Shape, read_fields, scalar, shape_of
from confwatch.config.store_url import StoreUrl, parse_store_url
from confwatch.model.secret import Secret

_TLS = frozenset({"ca", "cert", "key"})
_AUTH = frozenset({"user", "password", "password_file"})
_HONOURED = {"etcd": _AUTH, "etcds": _AUTH | _TLS, "dir": frozenset({"poll"})}
_LEASING = frozenset({"etcd", "etcds", "dir"})
_LATER = {"secret": "not available yet", "token": "not available yet"}


def read_url(node: Node, place: Place) -> StoreUrl:
    """Read a store's URL; what is wrong with it is told without quoting it."""
    if not isinstance(node, Text):
        raise place.refuse("expected a URL")
    try:
        return parse_store_url(node.text)
    except UnicodeDecodeError:
        raise place.refuse("expected %-escapes of UTF-8") from None
    except ValueError as error:
        raise place.refuse(str(error)) from None


def _filled(text: str) -> str:
    if not text:
        raise ValueError("a text")
    return text


def _secret(text: str) -> Secret:
    return Secret(_filled(text))


class StoreSettings(Form, frozen=True, kw_only=True):
    """A store we read from and announce in.

    Options may stand beside ``url`` or in its query, under the same names.
    """

    url: Annotated[StoreUrl, read_url]
    """Where it is; the path of a folder is absolute here."""
    ca: Annotated[Path | None, read_path] = None
    """PEM file of who may sign the store's certificate; else the system's."""
    cert: Annotated[Path | None, read_path] = None
    """PEM file of our own certificate, with ``key``."""
    key: Annotated[Path | None, read_path] = None
    """PEM file of our certificate's private key."""
    user: Annotated[str | None, scalar(_filled)] = None
    """For stores that ask who we are; with a password."""
    password: Annotated[Secret | None, scalar(_secret)] = None
    """Never shown; rather use password_file, which is read again when it changes."""
    password_file: Annotated[Path | None, read_path] = None
    """File that holds the password."""
    poll: Annotated[bool, scalar(scalars.boolean)] = False
    """Look for changes from time to time, for file systems that do not tell (NFS)."""

    @property
    def holds_leases(self) -> bool:
        """Whether services can be announced there."""
        return self.url.scheme in _LEASING


_SHAPE = shape_of(StoreSettings, _LATER)
_OPTIONS = Shape(
    {name: one for name, one in _SHAPE.readers.items() if name != "url"},
    hints=_LATER,
)


def read_store(node: Node, place: Place) -> StoreSettings:
    """Read a store: its URL alone, or a mapping with ``url`` and options."""
    fields: dict[str, Any] = {"url": None}
    if isinstance(node, Fields):
        fields = read_fields(node, place, _SHAPE)
    url: StoreUrl = fields.pop("url") or read_url(node, place)
    values = _joined([fields, _query(url, place), _user_part(url)], place)
    _judge(values, url, place)
    path = str(absolute_at(url.path, place)) if url.path else ""
    bare = StoreUrl(url.scheme, url.endpoints, url.prefix, path)
    return StoreSettings(url=bare, **values)


def _query(url: StoreUrl, place: Place) -> dict[str, Any]:
    """Return what the URL's query says, read as the fields of the same names."""
    entries = {
        name: Entry(place.line, Text(place.line, text))
        for name, text in url.options.items()
    }
    return read_fields(Fields(place.line, entries), place, _OPTIONS)


def _user_part(url: StoreUrl) -> dict[str, Any]:
    values = {"user": url.user, "password": url.password}
    return {name: value for name, value in values.items() if value}


def _joined(parts: Iterable[Mapping[str, Any]], place: Place) -> dict[str, Any]:
    """Join what stands beside the URL and inside it; nothing may stand twice."""
    values: dict[str, Any] = {}
    for part in parts:
        twice = sorted(part.keys() & values.keys())
        if twice:
            raise place.refuse(f"{twice[0]} is given twice")
        values.update(part)
    return values


def _judge(values: Mapping[str, Any], url: StoreUrl, place: Place) -> None:
    """Refuse what the store cannot honour, and halves of pairs."""
    for name in sorted(values.keys() - _HONOURED[url.scheme]):
        tls = name in _TLS and url.scheme == "etcd"
        hint = "; TLS needs etcds://" if tls else ""
        raise place.refuse(f"{url.scheme}: stores cannot honour {name}{hint}")
    if ("cert" in values) != ("key" in values):
        raise place.refuse("cert and key belong together")
    if "password" in values and "password_file" in values:
        raise place.refuse("password and password_file: only one can be meant")
    if ("user" in values) != bool({"password", "password_file"} & values.keys()):
        raise place.refuse("a user and a password (or password_file) belong together")
