"""What a file in conf.d may count on: the named stores, this machine, whose confd."""

from collections.abc import Collection
from pathlib import Path

from msgspec import Struct

from confwatch.config.confd_ways import ConfdWays
from confwatch.config.host import Host
from confwatch.config.keys import KeyText
from confwatch.config.paths import below
from confwatch.config.places import Place, Placed, nearest
from confwatch.model.keys import Key, Ref, join
from confwatch.model.service import REGISTRATIONS

MAIN = "main"
"""The name of the store that ``--store`` gives."""


class Announcing(Struct, frozen=True):
    """Where services can be announced.

    Attributes:
        leaseless: the stores in which nothing can be.
        prefix: below which records stand unless a service says otherwise.
    """

    leaseless: Collection[str] = ()
    prefix: Key = REGISTRATIONS


ANYWHERE = Announcing()


class Known(Struct, frozen=True):
    """The world around conf.d.

    Attributes:
        stores: by the names they have in the settings.
        host: the machine we run on.
        confd: what confd's TOML means.
        folder: where relative paths of conf.d start: beside conf.d/, as those of the
            settings file do.
        announcing: where services can be announced.
    """

    stores: Collection[str]
    host: Host
    confd: ConfdWays
    folder: Path
    announcing: Announcing = ANYWHERE

    def store(self, written: Placed[str] | None, place: Place) -> str:
        """Return the store that is named, or the default one: main, or the only one."""
        if written is not None:
            return self._checked(written.value, written.place)
        if MAIN not in self.stores and len(self.stores) == 1:
            return next(iter(self.stores))
        return self._checked(MAIN, place.at("store", place.line))

    def announcing_store(self, written: Placed[str] | None, place: Place) -> str:
        """Return the store, as ``store`` does, that a service is announced in."""
        name = self.store(written, place)
        if name in self.announcing.leaseless:
            at = place.at("store", place.line) if written is None else written.place
            raise at.refuse(f'store "{name}" cannot hold leases')
        return name

    def path(self, text: str) -> str:
        """Return the absolute path that *text* means; links are not followed."""
        return str(below(self.folder, text))

    def ref(self, written: Placed[KeyText], store: str, prefix: Key) -> Ref:
        """Put *prefix* before a key and name its store, *store* if it names none."""
        named = self._checked(written.value.store or store, written.place)
        return Ref(named, join(prefix, written.value.path))

    def _checked(self, name: str, place: Place) -> str:
        if name not in self.stores:
            known = ", ".join(sorted(self.stores))
            close = nearest(name, self.stores)
            raise place.refuse(f'no store is named "{name}" (known: {known}){close}')
        return name
