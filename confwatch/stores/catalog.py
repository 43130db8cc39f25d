"""Makes a store from its settings: the one place that knows them all by name.

A store's client is imported when its URL asks for it, each side of it when it is made.
"""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from msgspec import Struct

from confwatch.config.store_settings import StoreSettings
from confwatch.contracts import Registrar, Source, Writer


class Store(Struct, frozen=True):
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


RECONCILE_S = 600.0


def open_store(settings: StoreSettings, *, reconcile_s: float = RECONCILE_S) -> Store:
    """Make the store that *settings* name; nothing is opened yet.

    Args:
        settings: one entry of ``stores``.
        reconcile_s: seconds between checks that no change was missed.
    """
    if settings.url.scheme == "dir":
        return _dir(settings)
    return _etcd(settings, reconcile_s)


def _etcd(settings: StoreSettings, reconcile_s: float) -> Store:
    """Make an etcd store."""
    from confwatch.stores.etcd.options import Options
    from confwatch.stores.etcd.source import EtcdSource

    def opened() -> AbstractAsyncContextManager[Writer]:
        from confwatch.stores.etcd.writer import opened as opened_writer

        return opened_writer(options)

    def registrar() -> Registrar:
        from confwatch.stores.etcd.registrar import EtcdRegistrar

        return EtcdRegistrar(options)

    url = settings.url
    scheme = "https" if url.scheme == "etcds" else "http"
    options = Options(
        endpoints=tuple(f"{scheme}://{endpoint}" for endpoint in url.endpoints),
        prefix=url.prefix,
        shown=url.shown,
        ca=settings.ca,
        cert=settings.cert,
        key=settings.key,
        user=settings.user,
        password=settings.password,
        password_file=settings.password_file,
        reconcile_s=reconcile_s,
    )
    return Store(
        source=lambda: EtcdSource(options),
        writer=opened,
        registrar=registrar,
        host=url.endpoints[0].rpartition(":")[0].strip("[]"),
    )


def _dir(settings: StoreSettings) -> Store:
    """Make the embedded store."""
    from confwatch.stores.dir.source import DirSource
    from confwatch.stores.dir.writer import DirWriter

    def registrar() -> Registrar:
        from confwatch.stores.dir.registrar import DirRegistrar

        return DirRegistrar(root)

    root = settings.url.path
    return Store(
        source=lambda: DirSource(root, poll=settings.poll),
        writer=lambda: nullcontext(DirWriter(root)),
        registrar=registrar,
        host=None,
    )
