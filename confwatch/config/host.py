"""What a file may refer to of the machine it is read on."""

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from confwatch.config.places import Place

_INSERTION = re.compile(r"\{\{\s*hostname\s*\}\}")


@dataclass(frozen=True, slots=True)
class Host:
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

    def inserted(self, text: str, place: Place) -> str:
        """Return *text* with ``{{ hostname }}`` filled in; nothing else is known."""
        filled = _INSERTION.sub(lambda _: self.name, text)
        if "{{" in filled or "{%" in filled:
            raise place.refuse("only {{ hostname }} can be inserted here")
        return filled

    def resolved(self, text: str, place: Place) -> str:
        """Return *text*, or what the variable in ``env:NAME`` holds."""
        if not text.startswith("env:"):
            return self.inserted(text, place)
        name = text.removeprefix("env:")
        value = self.environ.get(name, "")
        if not value:
            raise place.refuse(f"the environment variable {name} is not set, or empty")
        return value
