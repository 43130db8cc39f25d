"""Makes a store from its settings: the one place that knows them all by name.

A store's client is imported when its URL asks for it.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass

from confwatch.config.store_settings import StoreSettings
from confwatch.contracts import Registrar, Source, Writer


@dataclass(frozen=True, slots=True)
class Store:
    """One store's three sides, each made when it is needed.

    Attributes:
        source: makes the read side.
        writer: opens what ``kv put`` writes through.
        registrar: makes what services are announced through.
        host: where it is; None where it is on this machine.
    """

    source: Callable[[], Source]
    writer: Callable[[], AbstractAsyncContextManager[Writer]]
    registrar: Callable[[], Registrar]
    host: str | None


def open_store(settings: StoreSettings) -> Store:
    """Make the store that *settings* name.

    Raises:
        ConfigError: something in them cannot be used.
    """
    if settings.url.scheme == "dir":
        return _dir(settings)
    raise NotImplementedError


def _dir(settings: StoreSettings) -> Store:
    """Make the embedded store."""
    from confwatch.stores.dir.registrar import DirRegistrar
    from confwatch.stores.dir.source import DirSource
    from confwatch.stores.dir.writer import DirWriter

    root = settings.url.path
    return Store(
        source=lambda: DirSource(root, poll=settings.poll),
        writer=lambda: nullcontext(DirWriter(root)),
        registrar=lambda: DirRegistrar(root),
        host=None,
    )
