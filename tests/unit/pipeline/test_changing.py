"""Resources that change or go while something is under way."""

import asyncio
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from confwatch.disk.install import install
from confwatch.model.facts import ReloadEnded
from confwatch.model.keys import Key
from confwatch.model.steps import Checked, Installed
from confwatch.pipeline import steps
from tests.support.bench import Bench, bench
from tests.support.waiting import until

ALL = '{% for p in gets("/app/*") %}{{ p.value }} {% endfor %}'
A = Key("/app/a")


async def test_another_reload_in_place_of_one_that_fails_is_made(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, app__a="1") as on:
        failing = on.resource("all", ALL, "/app", reload="exit 1")
        await on.street.set_resources([failing])
        await on.until_told(ReloadEnded)
        mended = on.resource("all", ALL, "/app", reload="echo ok >> OUT/reloads")
        await on.street.set_resources([mended])
        # The first one had planned to try again after a second.
        await until(lambda: made(on) == 1)
        count = len(on.told(ReloadEnded))
        on.source.put({A: b"2"})
        await until(lambda: made(on) == 2)
        assert len(on.told(ReloadEnded)) == count + 1
        assert on.lines("reloads") == ["ok", "ok"]


def made(on: Bench) -> int:
    """Count the reloads that succeeded."""
    return len([one for one in on.told(ReloadEnded) if one.error is None])


async def test_a_reload_that_nobody_uses_any_more_is_forgotten(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        for number in range(3):
            one = on.resource(
                "all", ALL, "/app", reload=f"echo {number} >> OUT/reloads"
            )
            await on.street.set_resources([one])
            on.source.put({A: f"{number + 2}".encode()})

            def is_reloaded(line: str = str(number)) -> bool:
                return line in on.lines("reloads")

            await until(is_reloaded)
            # It may not have ended yet, though it has written already.
            await until(lambda: all(one.idle for one in on.street.reloaders.values()))
        assert len(on.street.reloaders) == 1


async def test_a_resource_removed_while_it_installs_still_pays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_end, inside = threading.Event(), threading.Event()

    def held_up(checked: Checked, *, proven: Mapping[str, str]) -> Installed:
        installed = install(checked, proven=proven)
        inside.set()
        may_end.wait(5)
        return installed

    async with bench(tmp_path, app__a="1") as on:
        one = on.resource("all", ALL, "/app", reload="echo ok >> OUT/reloads")
        await on.street.set_resources([one])
        await until(lambda: len(on.lines("reloads")) == 1)
        monkeypatch.setattr(steps, "install", held_up)
        on.source.put({A: b"2"})
        await until(inside.is_set)
        async with asyncio.TaskGroup() as group:
            group.create_task(on.street.set_resources([]))
            await asyncio.sleep(0)
            may_end.set()
        await on.holds("all", "2 ")
        await until(lambda: len(on.lines("reloads")) == 2)


async def test_a_picture_on_its_way_while_the_cover_narrows_covers_no_more(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, app__a="1", b__x="old") as on:
        stays = on.resource("all", ALL, "/app")
        goes = on.resource("b", '{{ getv("/b/x") }}', "/b")
        await on.street.set_resources([stays, goes])
        await on.holds("b", "old")
        await on.calm()
        follower = on.street.followers["main"]
        async with follower.lock:  # as a slow render holds it
            on.source.load({A: b"1", Key("/b/x"): b"old"})
            for _ in range(5):
                await asyncio.sleep(0)
            await on.street.set_resources([stays])
        await on.calm()
        assert follower.mirror.covered == {"/app"}
        assert not follower.mirror.has_keys(Key("/b/x"))
