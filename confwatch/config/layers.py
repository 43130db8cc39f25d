"""Flag before environment before file before default: one value of each, and whence."""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confwatch.config.admin import default_admin
from confwatch.config.credentials import VARIABLES, with_credentials
from confwatch.config.known import MAIN
from confwatch.config.nodes import Fields, Nothing, Text
from confwatch.config.places import Findings, Place, Told, described, nearest
from confwatch.config.readers import Shape, read_fields, shape_of
from confwatch.config.settings import DEFAULT_CONFDIR, DEFAULT_STATE_DIR, Settings
from confwatch.config.store_settings import StoreSettings, read_store
from confwatch.config.store_url import StoreUrl
from confwatch.config.texts import read_text
from confwatch.config.yaml_text import read_yaml
from confwatch.errors import ConfigError

_VARIABLE = "CONFWATCH_"
_FOR_COMMANDS = frozenset({"CONFWATCH_RESOURCE", "CONFWATCH_CHANGED", "CONFWATCH_DEST"})
"""What we set ourselves, for the commands we run."""
_NO_SETTINGS = _FOR_COMMANDS | VARIABLES
_ALL = shape_of(Settings).readers
_OUTSIDE = Shape(
    {**{k: v for k, v in _ALL.items() if k != "stores"}, "store": read_store}
)
"""What one flag or one variable can say."""
_FINDS_FILE = {
    name: f"is said by --{name} or {_VARIABLE}{name.upper()}, not in the file it finds"
    for name in ("confdir", "config")
}
_IN_FILE = Shape(
    {**{k: v for k, v in _ALL.items() if k not in _FINDS_FILE}, "store": read_store},
    hints={**_FINDS_FILE, "metrics": "not available yet"},
)


@dataclass(slots=True)
class _Layer:
    """The values one place gives, and where exactly each stands."""

    values: dict[str, Any] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)

    def read(self, name: str, text: str, origin: str, place: Place) -> None:
        """Take one flag or variable; what is wrong with it was told."""
        try:
            if name not in _OUTSIDE.readers:
                raise place.refuse(f"unknown option{nearest(name, _OUTSIDE.readers)}")
            value = _OUTSIDE.readers[name](Text(None, text), place)
        except Told:
            return
        if name == "store":
            name, value = "stores", {MAIN: value}
        self.values[name] = value
        self.origin[f"{name}.{MAIN}" if name == "stores" else name] = origin

    def take(self, values: dict[str, Any], node: Fields, place: Place) -> None:
        """Take what a file says; ``store`` is short for ``stores.main``."""
        stores = dict(values.pop("stores", {}))
        for name in values:
            self.origin[name] = f"{place.file}:{node.entries[name].line}"
        for name in stores:
            self.origin[f"stores.{name}"] = (
                f"{place.file}:{node.entries['stores'].line}"
            )
        if "store" in values:
            if MAIN in stores:
                raise place.at("store", node.entries["store"].line).refuse(
                    "is short for stores.main, which stands here too"
                )
            stores[MAIN] = values.pop("store")
            self.origin[f"stores.{MAIN}"] = self.origin.pop("store")
        self.values.update(values)
        if stores:
            self.values["stores"] = stores

    def put_over(self, other: "_Layer") -> None:
        """Let *other* win; stores are joined by name."""
        stores = {**self.values.get("stores", {}), **other.values.get("stores", {})}
        self.values.update(other.values)
        self.origin.update(other.origin)
        if stores:
            self.values["stores"] = stores


def load_settings(flags: Mapping[str, str], environ: Mapping[str, str]) -> Settings:
    """Return the settings in force.

    Args:
        flags: what the command line gave, by the settings' names; ``store`` is a URL.
        environ: the environment; variables of ours that are empty count as not set.

    Raises:
        ConfigError: the first problem; ``more`` holds the others.
    """
    findings = Findings()
    outside = _Layer()
    outside.put_over(_from_environ(environ, findings))
    outside.put_over(_from_flags(flags, findings))
    settings = _Layer()
    try:
        settings.put_over(_from_file(outside, findings))
    except ConfigError as error:
        findings.problems.append(error)
    except Told:
        pass
    if findings.problems:
        first, *others = findings.problems
        first.more = tuple(others)
        raise first
    settings.put_over(outside)
    _fill_in(settings, environ)
    _add_credentials(settings, outside, environ)
    warnings = tuple(findings.warnings)
    return Settings(**settings.values, origin=settings.origin, warnings=warnings)


def _add_credentials(
    settings: _Layer, outside: _Layer, environ: Mapping[str, str]
) -> None:
    """Let the environment say who we are, unless the URL beside it did.

    Raises:
        ConfigError: what it says cannot be meant.
    """
    stores = settings.values["stores"]
    said = outside.values.get("stores", {}).get(MAIN)
    if MAIN not in stores or (said is not None and said.user is not None):
        return
    findings = Findings()
    try:
        main = with_credentials(stores[MAIN], environ, findings)
    except Told:
        raise findings.problems[0] from None
    settings.values["stores"] = {**stores, MAIN: main}


def _from_flags(flags: Mapping[str, str], findings: Findings) -> _Layer:
    layer = _Layer()
    for name, text in flags.items():
        flag = f"--{name.replace('_', '-')}"
        layer.read(name, text, f"flag {flag}", Place("", findings, flag))
    return layer


def _from_environ(environ: Mapping[str, str], findings: Findings) -> _Layer:
    """Read our variables; a foreign one is only warned of.

    Kubernetes puts CONFWATCH_PORT and the like there when a service has our name.
    """
    layer = _Layer()
    known = {f"{_VARIABLE}{name.upper()}": name for name in _OUTSIDE.readers}
    for variable in sorted(environ):
        place = Place("", findings, variable)
        if not variable.startswith(_VARIABLE) or variable in _NO_SETTINGS:
            continue
        if variable not in known:
            short = variable.removeprefix(_VARIABLE)
            names = [name.upper() for name in _OUTSIDE.readers]
            close = nearest(short, names, before=_VARIABLE)
            place.warn(f"is not a setting, so it changes nothing{close}")
        elif environ[variable]:
            origin = f"environment {variable}"
            layer.read(known[variable], environ[variable], origin, place)
    return layer


def _from_file(outside: _Layer, findings: Findings) -> _Layer:
    """Read the settings file; it must exist only where somebody named it."""
    named: Path | None = outside.values.get("config")
    confdir: Path = outside.values.get("confdir", DEFAULT_CONFDIR)
    path = named or confdir / "confwatch.yaml"
    layer = _Layer()
    if named is None and not os.path.lexists(path):
        return layer
    node = read_yaml(read_text(path), str(path))
    layer.values["config"] = path
    layer.origin["config"] = outside.origin.get("config", "default")
    if isinstance(node, Nothing):
        return layer
    place = Place(str(path), findings, line=node.line)
    if not isinstance(node, Fields):
        raise place.refuse(f"expected a mapping of settings, got {described(node)}")
    layer.take(read_fields(node, place, _IN_FILE), node, place)
    _warn_of_readers(path, layer, findings)
    return layer


def _warn_of_readers(path: Path, layer: _Layer, findings: Findings) -> None:
    """Warn of a password in a file that everybody may read."""
    stores: Mapping[str, StoreSettings] = layer.values.get("stores", {})
    holds = any(store.password for store in stores.values())
    if holds and path.stat().st_mode & stat.S_IROTH:
        Place(str(path), findings).warn("holds a password and everybody can read it")


def _fill_in(layer: _Layer, environ: Mapping[str, str]) -> None:
    """Add the defaults that depend on other settings or on the machine."""
    values = layer.values
    if "stores" not in values:
        confdir = values.get("confdir", DEFAULT_CONFDIR)
        keys = StoreUrl("dir", path=str(confdir / "keys"))
        values["stores"] = {MAIN: StoreSettings(url=keys)}
    if "admin" not in values:
        state_dir = values.get("state_dir", DEFAULT_STATE_DIR)
        values["admin"] = default_admin(environ, os.geteuid(), state_dir)
