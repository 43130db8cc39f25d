"""``confwatch config``: which settings hold, and where they come from."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from confwatch.cli.options import common, settings_of, told

if TYPE_CHECKING:
    from confwatch.config.settings import Settings

NOT_SETTINGS = ("origin", "warnings", "stores")


@click.group()
def config() -> None:
    """Look at the settings."""


@config.command()
@common
@click.option("--origin", is_flag=True, help="Also tell where each value comes from.")
def show(*, origin: bool, **options: str | None) -> None:
    """Print every setting in force; secrets as stars."""
    with told():
        settings = settings_of(options)
        for name, value in _described(settings):
            where = settings.origin.get(name, "default")
            line = f"{name} = {value}"
            click.echo(f"{line}  # {where}" if origin else line)


def _described(settings: "Settings") -> Iterator[tuple[str, str]]:
    """Yield each setting's name and value; a store's options follow its URL."""
    for name in settings.__struct_fields__:
        if name not in NOT_SETTINGS:
            value = getattr(settings, name)
            yield name, "off" if name == "admin" and value is None else str(value)
    for name, store in settings.stores.items():
        given = [
            f"{option}={value}"
            for option in store.__struct_fields__
            if option != "url" and (value := getattr(store, option))
        ]
        yield f"stores.{name}", " ".join([store.url.shown, *given])
