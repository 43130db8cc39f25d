"""``confwatch run``: the daemon, or one pass of everything."""

import asyncio
import gc
import sys

import click

from confwatch.cli import early
from confwatch.cli.options import DURATION, common, settings_of, told

COLLECT_EVERY = 50_000
"""New objects between two looks for garbage in a daemon."""


@click.command()
@common
@click.option("--once", is_flag=True, help="Apply everything once, then end.")
@click.option(
    "--wait",
    type=DURATION,
    default="30s",
    show_default=True,
    help="With --once: how long to wait for the stores.",
)
def run(*, once: bool, wait: float, **options: str | None) -> None:
    """Keep the files equal to what the stores say.

    With --once the exit status is 0 if all is in place and read, 1 if anything
    failed or is owed, 2 if the configuration cannot be used or a daemon holds the
    lock.
    """
    with told():
        settings = settings_of(options)
        if once:
            from confwatch.daemon.once import apply_once

            early.listen()
            sys.exit(asyncio.run(apply_once(settings, wait)))
        from confwatch.daemon.supervisor import serve

        # What is loaded now stays: it is no more looked over for garbage, of which what
        # we do all day leaves next to none.
        gc.freeze()
        gc.set_threshold(COLLECT_EVERY)
        with asyncio.Runner(loop_factory=_fastest_loop) as runner:
            runner.run(serve(settings))


def _fastest_loop() -> asyncio.AbstractEventLoop:
    """Make a loop of uvloop's where the extra ``fast`` is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()
