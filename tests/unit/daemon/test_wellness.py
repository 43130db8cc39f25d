"""What the watchdog takes for well."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from confwatch.daemon import wellness
from confwatch.daemon.wellness import is_well
from confwatch.errors import SourceUnavailable
from confwatch.model.facts import PassResult, SourceFailed
from confwatch.model.resource import Command
from confwatch.pipeline.commands import MAX_COMMANDS
from tests.support.bench import bench
from tests.support.waiting import until


async def test_a_store_that_is_down_starves_no_watchdog(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources(
            [on.resource("a", '{{ getv("/app/a") }}', "/app")]
        )
        await on.holds("a", "1")
        follower = on.street.followers["main"]
        monkeypatch.setattr(wellness, "SOURCE_STILL_S", 0.2)
        monkeypatch.setattr(
            type(on.source._subscriptions[0]), "moved_at", lambda _: 0.0
        )
        await until(lambda: not is_well(on.street))  # silent, and nobody asks it
        on.source.fail(SourceUnavailable("fake:", "down"))
        await on.until_told(SourceFailed)
        assert is_well(on.street)
        follower.cover(frozenset())
        await until(lambda: is_well(on.street))


async def test_who_waits_behind_others_is_past_no_deadline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wellness, "PASS_EXTRA_S", -10.0)
    async with bench(tmp_path, app__a="1") as on:
        check = "touch OUT/began-$CONFWATCH_RESOURCE; until test -e OUT/go; do sleep 0.1; done"
        patient = Command(on.filled(check), timeout_s=1000)
        long = [
            replace(on.resource(f"long{n}", "{{ 1 }}", "/app"), check=patient)
            for n in range(MAX_COMMANDS)
        ]
        await on.street.set_resources(long)
        await until(lambda: len([*on.out.glob("began-*")]) == MAX_COMMANDS)
        last = on.resource("last", "{{ 1 }}", "/app", check="true")
        await on.street.set_resources([*long, last])
        worker = on.street.workers["last"]
        await until(lambda: worker._at_work.locked() and worker.begun_at is None)
        assert is_well(on.street)
        (on.out / "go").touch()
        await on.ended("last", PassResult.INSTALLED)


async def test_a_pass_past_its_deadlines_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wellness, "PASS_EXTRA_S", -10.0)
    async with bench(tmp_path, app__a="1") as on:
        slow = on.resource("a", "{{ 1 }}", "/app", check="sleep 0.5")
        await on.street.set_resources([slow])
        worker = on.street.workers["a"]
        await until(lambda: worker.begun_at is not None)
        await asyncio.sleep(0.01)
        assert not is_well(on.street)
        await on.ended("a", PassResult.INSTALLED)
        await until(lambda: is_well(on.street))


async def test_a_reload_past_its_deadline_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wellness, "PASS_EXTRA_S", -1000.0)
    async with bench(tmp_path, app__a="1") as on:
        reload = "touch OUT/began; until test -e OUT/go; do sleep 0.1; done"
        slow = on.resource("a", "{{ 1 }}", "/app", reload=reload)
        await on.street.set_resources([slow])
        await until((on.out / "began").exists)
        await on.ended("a", PassResult.INSTALLED)
        assert not is_well(on.street)
        (on.out / "go").touch()
        await until(lambda: is_well(on.street))
