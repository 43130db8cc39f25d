"""What a file may refer to of the machine it is read on."""

import os
import re
import shutil
import socket
from collections.abc import Mapping

from msgspec import Struct

from confwatch.config.places import Place

_INSERTION = re.compile(r"\{\{\s*([a-z]+)\s*\}\}")

_CONTAINER = re.compile(r"[0-9a-f]{12}|[0-9a-f]{64}")


class Host(Struct, frozen=True):
    """This machine and process.

    Attributes:
        name: its host name, for service ids.
        environ: for ``env:NAME``.
        uid: whom we run as; confd's default owner.
        gid: likewise.
    """

    name: str
    environ: Mapping[str, str]
    uid: int
    gid: int

    @classmethod
    def here(cls, environ: Mapping[str, str]) -> "Host":
        """Return the machine we run on."""
        return cls(socket.gethostname(), environ, os.geteuid(), os.getegid())

    def inserted(self, text: str, place: Place, **more: str) -> str:
        """Return *text* with ``{{ hostname }}`` and *more* filled in; no other name."""
        known = {"hostname": self.name, **more}

        def fill(found: re.Match[str]) -> str:
            return known.get(found[1], found[0])

        filled = _INSERTION.sub(fill, text)
        if "{{" in filled or "{%" in filled:
            names = " and ".join(f"{{{{ {name} }}}}" for name in known)
            raise place.refuse(f"only {names} can be inserted here")
        return filled

    @property
    def looks_borrowed(self) -> bool:
        """Whether the name is one that a container gets anew at each start."""
        return _CONTAINER.fullmatch(self.name) is not None

    def finds(self, program: str) -> bool:
        """Tell whether *program* is there and can be run."""
        return shutil.which(program, path=self.environ.get("PATH")) is not None

    def lacks(self, text: str) -> bool:
        """Tell whether *text* is ``env:NAME`` of a variable that is not set."""
        name = text.removeprefix("env:")
        return name != text and not self.environ.get(name)

    def resolved(self, text: str, place: Place) -> str:
        """Return *text*, or what the variable in ``env:NAME`` holds."""
        name = text.removeprefix("env:")
        if name == text:
            return self.inserted(text, place)
        if self.lacks(text):
            raise place.refuse(f"the environment variable {name} is not set, or empty")
        return self.environ[name]
