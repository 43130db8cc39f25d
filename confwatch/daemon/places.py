"""Makes from the settings where services are announced; only the daemon does that."""

from collections.abc import Mapping

from confwatch.config.settings import Settings
from confwatch.registration.keeper import Place
from confwatch.stores.catalog import open_store


def make_places(settings: Settings) -> Mapping[str, Place]:
    """Make the places where services are announced, by the store's name."""
    stores = {name: open_store(one) for name, one in settings.stores.items()}
    return {
        name: Place(name, store.registrar(), store.host)
        for name, store in stores.items()
    }
