"""A conf.d in a temporary folder, and what confwatch makes of it."""

from pathlib import Path
from textwrap import dedent

from confwatch.config.confd_ways import ConfdWays
from confwatch.config.host import Host
from confwatch.config.resources import ResourceSet, load_resources
from confwatch.model.keys import Key
from confwatch.model.resource import Resource

HOST = Host("host1", {"PORT": "8080", "POD_IP": "10.0.0.5", "EMPTY": ""}, 1000, 1001)


class ConfDir:
    """Files of a conf.d, written one after the other and loaded together."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.confd = ConfdWays()
        path.mkdir()

    def write(self, name: str, text: str) -> "ConfDir":
        """Write one file; its text may be indented as a whole."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return self

    def like_confd(self, compat: str, prefix: str = "/") -> "ConfDir":
        """Load TOML as this version of confd does, with this global prefix."""
        self.confd = ConfdWays(compat, Key(prefix))
        return self

    def load(self, *stores: str) -> ResourceSet:
        """Load all files, with one store named main unless others are named."""
        return load_resources(
            self.path, stores=stores or ("main",), host=HOST, confd=self.confd
        )

    def only(self) -> Resource:
        """Return the one resource that must come out, without any problem."""
        loaded = self.load("main", "other")
        assert loaded.problems == ()
        (resource,) = loaded.resources
        return resource

    def told(self, *stores: str) -> list[str]:
        """Return the problems as the operator reads them, the folder cut off."""
        problems = self.load(*stores).problems
        return [str(one).replace(f"{self.path}/", "") for one in problems]

    def warned(self) -> list[str]:
        """Return the warnings likewise, of files without problems."""
        loaded = self.load()
        assert loaded.problems == ()
        return [str(one).replace(f"{self.path}/", "") for one in loaded.warnings]
