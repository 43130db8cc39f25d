"""Makes from the settings what every walk needs, be it the daemon's or a dry run."""

from collections.abc import Mapping

from confwatch.config.settings import Settings
from confwatch.contracts import Source
from confwatch.render.limits import Limits
from confwatch.render.renderer import Renderer
from confwatch.stores.catalog import open_store


def make_renderer(settings: Settings) -> Renderer:
    """Make the renderer over the templates folder."""
    return Renderer(
        settings.templates_dir,
        Limits(seconds=settings.render_timeout, max_bytes=settings.render_max_size),
        settings.registration_prefix,
    )


def make_sources(settings: Settings) -> Mapping[str, Source]:
    """Make the read side of every store, by its name.

    Nothing is opened yet.
    """
    reconcile_s = settings.reconcile
    return {
        name: open_store(one, reconcile_s=reconcile_s).source()
        for name, one in settings.stores.items()
    }
