"""``confwatch kv``: read and write keys of a store by hand."""

import asyncio
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from confwatch.cli.options import DURATION, FAILED, common, settings_of, told
from confwatch.errors import SourceUnavailable
from confwatch.model.keys import Key, clean

if TYPE_CHECKING:
    from confwatch.stores.catalog import Store


_wait = click.option(
    "--wait",
    type=DURATION,
    default="5s",
    show_default=True,
    help="How long to wait for the store's answer.",
)


@click.group()
def kv() -> None:
    """Read and write keys of a store."""


@kv.command()
@click.argument("key")
@common
@_wait
def get(*, key: str, wait: float, **options: str | None) -> None:
    """Print the value of KEY; exit status 1 where it does not exist."""
    with told():
        wanted = clean(key)
        entries = asyncio.run(_entries(_store(options), wanted, wait))
        if wanted not in entries:
            click.echo(f"confwatch: key does not exist: {wanted}", err=True)
            sys.exit(FAILED)
        sys.stdout.buffer.write(entries[wanted])
        if sys.stdout.isatty():
            click.echo()


@kv.command()
@click.argument("prefix", default="/")
@common
@click.option("--values", is_flag=True, help="Print values too, after a tab.")
@_wait
def ls(*, prefix: str, values: bool, wait: float, **options: str | None) -> None:
    """List the keys below PREFIX, one a line."""
    with told():
        entries = asyncio.run(_entries(_store(options), clean(prefix), wait))
        for key in sorted(entries):
            line = key.encode("utf-8", "surrogateescape")
            if values:
                line += b"\t" + entries[key]
            sys.stdout.buffer.write(line + b"\n")


@kv.command()
@click.argument("key")
@click.argument("value", required=False)
@common
def put(*, key: str, value: str | None, **options: str | None) -> None:
    """Set KEY to VALUE; without VALUE, to what stands on standard input."""
    with told():
        content = (
            sys.stdin.buffer.read()
            if value is None
            else value.encode("utf-8", "surrogateescape")
        )
        asyncio.run(_put(_store(options), clean(key), content))


@kv.command()
@click.argument("key")
@click.option("--recursive", "-r", is_flag=True, help="Also all below it.")
@common
def rm(*, key: str, recursive: bool, **options: str | None) -> None:
    """Remove KEY; exit status 1 where there was nothing to remove."""
    with told():
        gone = asyncio.run(_remove(_store(options), clean(key), subtree=recursive))
        if not gone:
            click.echo(f"confwatch: key does not exist: {clean(key)}", err=True)
            sys.exit(FAILED)


@kv.command()
@click.argument("prefix", default="/")
@common
def watch(*, prefix: str, **options: str | None) -> None:
    """Print what happens below PREFIX until interrupted: put KEY, gone KEY."""
    with told():
        try:
            asyncio.run(_watch(_store(options), clean(prefix)))
        except KeyboardInterrupt:
            sys.exit(0)


def _store(options: Mapping[str, str | None]) -> "Store":
    """Open the store that the options mean: the only one, or the one named main."""
    settings = settings_of(options)
    from confwatch.stores.catalog import open_store

    name = "main" if "main" in settings.stores else next(iter(settings.stores))
    return open_store(settings.stores[name])


async def _entries(store: "Store", prefix: Key, wait_s: float) -> dict[Key, bytes]:
    """Return all keys below *prefix*, of one moment.

    Raises:
        SourceError: the store refused, or did not answer in time.
    """
    from confwatch.model.events import Loaded

    source = store.source()
    try:
        async with (
            asyncio.timeout(wait_s),
            source.subscribe(frozenset({prefix})) as subscription,
        ):
            event = await subscription.next()
    except TimeoutError as error:
        problem = f"no answer within {wait_s:g} s"
        raise SourceUnavailable(source.shown, problem) from error
    return dict(event.entries) if isinstance(event, Loaded) else {}


async def _put(store: "Store", key: Key, value: bytes) -> None:
    async with store.writer() as writer:
        await writer.put(key, value)


async def _remove(store: "Store", key: Key, *, subtree: bool) -> int:
    async with store.writer() as writer:
        return await writer.remove(key, subtree=subtree)


async def _watch(store: "Store", prefix: Key) -> None:
    """Print every event until cancelled; the first picture counts as puts."""
    from confwatch.model.events import Changed, Loaded

    source = store.source()
    async with source.subscribe(frozenset({prefix})) as subscription:
        while True:
            event = await subscription.next()
            put = event.entries if isinstance(event, Loaded) else event.put
            gone = event.gone if isinstance(event, Changed) else frozenset[Key]()
            for word, keys in (("put", put.keys()), ("gone", gone)):
                for key in sorted(keys):
                    click.echo(f"{word} {key}".encode("utf-8", "surrogateescape"))
