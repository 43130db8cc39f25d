"""The street, each promise of it on a bench."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
from msgspec import structs

from confwatch.aio.threads import finish
from confwatch.errors import SourceMissed, SourceUnavailable
from confwatch.model.facts import (
    Cause,
    PassResult,
    ProvenNow,
    Reason,
    ReloadEnded,
    SourceBack,
    SourceFailed,
)
from confwatch.model.keys import Key
from confwatch.model.resource import HoldOnEmpty, Quiet
from confwatch.pipeline import steps, worker
from tests.support.bench import bench
from tests.support.waiting import until

T = TypeVar("T")

ALL = '{% for p in gets("/app/*") %}{{ p.value }} {% endfor %}'
A = Key("/app/a")
B = Key("/app/b")


async def test_only_resources_that_read_a_changed_key_render_again(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, app__a="1", other__x="1") as on:
        await on.street.set_resources(
            [
                on.resource("all", ALL, "/app"),
                on.resource("one", '{{ getv("/app/b", "-") }}', "/app"),
                on.resource("other", '{{ getv("/other/x") }}', "/other"),
                on.resource("names", '{{ ls("/app") | join(",") }}', "/app"),
            ]
        )
        await on.holds("other", "1")
        await on.holds("names", "a")
        await on.calm()
        rendered = on.street.rendering.count
        on.source.put({A: b"2"})
        await on.holds("all", "2 ")
        await on.calm()
        assert on.street.rendering.count == rendered + 1
        on.source.put({B: b"3"})
        await on.holds("one", "3")
        await on.holds("names", "a,b")
        await on.holds("all", "2 3 ")
        await on.calm()
        assert on.street.rendering.count == rendered + 4
        assert len(on.passes("other")) == 1 + len(
            on.passes("other", PassResult.WAITING)
        )


async def test_an_equal_value_is_no_reason_for_a_pass(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.holds("all", "1 ")
        await on.calm()
        passes = len(on.passes("all"))
        on.source.put({A: b"1"})
        await on.calm()
        assert len(on.passes("all")) == passes


async def test_events_during_a_pass_make_one_more_pass(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    async with bench(tmp_path, app__a="1") as on:
        check = f"read line < {gate}"
        await on.street.set_resources([on.resource("all", ALL, "/app", check=check)])

        def open_gate() -> None:
            with gate.open("w") as file:
                file.write("go\n")

        await asyncio.to_thread(open_gate)
        await on.holds("all", "1 ")
        on.source.put({A: b"2"})
        await until(lambda: on.street.rendering.count == 2)
        for number in range(50):
            on.source.put({A: str(number).encode()})
        await on.calm()
        await asyncio.to_thread(open_gate)
        await on.ended("all", PassResult.INSTALLED, 2)
        await asyncio.to_thread(open_gate)
        await on.ended("all", PassResult.INSTALLED, 3)
        await on.holds("all", "49 ")
        await on.calm()
        assert len(on.passes("all", PassResult.INSTALLED)) == 3


async def test_a_storm_is_paced_by_quiet_time_and_ends_in_the_right_file(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, app__a="0") as on:
        resource = on.resource("all", ALL, "/app")
        quiet = Quiet(min_s=0.2, max_s=5.0)
        await on.street.set_resources([replace(resource, quiet=quiet)])
        await on.holds("all", "0 ")
        for number in range(1, 300):
            on.source.put({A: str(number).encode()})
        await on.holds("all", "299 ")
        await on.ended("all", PassResult.INSTALLED, 2)
        assert len(on.passes("all", PassResult.INSTALLED)) == 2


async def test_a_storm_without_quiet_time_meets_the_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So slow that no machine is slower.
    monkeypatch.setattr(worker, "BURST", 5)
    monkeypatch.setattr(worker, "PER_S", 1.0)
    async with bench(tmp_path, app__a="0") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.holds("all", "0 ")
        for number in range(1, 40):
            on.source.put({A: str(number).encode()})
            await on.calm()
        await on.holds("all", "39 ")
        assert len(on.passes("all", PassResult.INSTALLED)) < 20


async def test_a_slow_template_renders_beside_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside: list[str] = []

    async def watched(
        work: Callable[[], T], then: Callable[[T], None] | None = None
    ) -> T:
        beside.append(work.__qualname__)
        return await finish(work, then)

    monkeypatch.setattr(steps, "SLOW_S", 0.0)
    monkeypatch.setattr(steps, "finish", watched)
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.holds("all", "1 ")
        assert not any("render" in name for name in beside)
        on.source.put({A: b"2"})
        await on.holds("all", "2 ")
        assert any("render" in name for name in beside)


async def test_equal_reload_commands_are_one_reload(tmp_path: Path) -> None:
    reload = "echo $CONFWATCH_RESOURCE >> OUT/log"
    async with bench(tmp_path, app__a="1") as on:
        resources = [
            on.resource(name, f"{name} {ALL}", "/app", reload=reload)
            for name in ("one", "two")
        ]
        assert resources[0].reload is not None
        slow = structs.replace(resources[0].reload, min_interval_s=1.0)
        await on.street.set_resources([replace(r, reload=slow) for r in resources])
        await on.until_told(ProvenNow, 2)
        assert len(on.street.reloaders) == 1
        on.source.put({A: b"2"})
        await on.until_told(ProvenNow, 4)
        assert on.told(ReloadEnded)[-1].resources in {("one", "two"), ("two", "one")}


async def test_a_reload_within_its_interval_is_deferred_and_not_dropped(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, app__a="1") as on:
        reload = "date +%s%N >> OUT/begun; cat OUT/all > OUT/loaded"
        resource = on.resource("all", ALL, "/app", reload=reload)
        assert resource.reload is not None
        slow = structs.replace(resource.reload, min_interval_s=0.5)
        await on.street.set_resources([replace(resource, reload=slow)])
        await on.until_told(ReloadEnded)
        for number in range(5):
            on.source.put({A: f"n{number}".encode()})
            await on.holds("all", f"n{number} ")
        await on.holds("loaded", "n4 ")
        begun = [int(line) / 1e9 for line in on.lines("begun")]
        # A busy machine may begin one late and so seem to hurry the next.
        assert min(b - a for a, b in pairwise(begun)) > 0.25


async def test_a_failed_reload_is_owed_until_it_succeeds(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        resource = on.resource("all", ALL, "/app", reload="test -e OUT/well")
        await on.street.set_resources([resource])
        failed = (await on.until_told(ReloadEnded))[0]
        assert failed.error is not None
        assert on.street.workers["all"].owed
        assert not on.told(ProvenNow)
        (on.out / "well").touch()
        await on.until_told(ProvenNow)
        assert not on.street.workers["all"].owed


async def test_a_hanging_reload_holds_up_no_pass(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        hanging = on.resource("hangs", ALL, "/app", reload="sleep 30")
        await on.street.set_resources([hanging, on.resource("other", ALL, "/app")])
        await on.holds("hangs", "1 ")
        on.source.put({A: b"2"})
        await on.holds("hangs", "2 ")
        await on.holds("other", "2 ")


async def test_a_refused_check_is_tried_again_without_an_event(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        check = "test -e OUT/well"
        await on.street.set_resources([on.resource("all", ALL, "/app", check=check)])
        await on.ended("all", PassResult.FAILED)
        assert not (on.out / "all").exists()
        (on.out / "well").touch()
        await on.holds("all", "1 ")


async def test_a_file_edited_while_a_reload_was_owed_owes_the_newest(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, app__a="1") as on:
        reload = "test -e OUT/well && cat OUT/all > OUT/loaded"
        await on.street.set_resources([on.resource("all", ALL, "/app", reload=reload)])
        await on.until_told(ReloadEnded)
        (on.out / "well").touch()
        on.source.put({A: b"2"})
        await until(lambda: on.lines("loaded") == ["2 "])
        await on.until_told(ProvenNow)


async def test_an_outage_leaves_the_files_and_is_told(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.holds("all", "1 ")
        on.source.fail(SourceUnavailable("fake:", "gone"))
        await on.until_told(SourceFailed)
        assert (on.out / "all").read_text() == "1 "
        on.source.put({A: b"2"})
        await on.holds("all", "2 ")
        await on.until_told(SourceBack)


async def test_a_picture_that_comes_back_empty_is_held_until_keys_return(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.holds("all", "1 ")
        on.source.load({})
        await on.ended("all", PassResult.HELD)
        assert (on.out / "all").read_text() == "1 "
        on.source.put({B: b"2"})
        await on.holds("all", "2 ")


async def test_the_operator_lets_a_held_picture_go(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.holds("all", "1 ")
        on.source.load({})
        await on.ended("all", PassResult.HELD)
        on.street.post("all", Cause(frozenset({Reason.OPERATOR}), force=True))
        await on.holds("all", "")


async def test_keys_removed_by_hand_are_believed(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.holds("all", "1 ")
        on.source.remove([A])
        await on.holds("all", "")


async def test_an_empty_picture_is_doubted_over_a_restart(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.until_told(ProvenNow)
    async with bench(tmp_path) as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.ended("all", PassResult.HELD)
        assert (on.out / "all").read_text() == "1 "


async def test_confds_way_renders_the_empty_picture(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        resource = on.resource("all", ALL, "/app")
        await on.street.set_resources(
            [replace(resource, hold_on_empty=HoldOnEmpty.NEVER)]
        )
        await on.holds("all", "1 ")
        on.source.load({})
        await on.holds("all", "")


async def test_always_holds_an_empty_prefix_from_the_start(tmp_path: Path) -> None:
    async with bench(tmp_path) as on:
        resource = on.resource("all", ALL, "/app")
        await on.street.set_resources(
            [replace(resource, hold_on_empty=HoldOnEmpty.ALWAYS)]
        )
        await on.ended("all", PassResult.HELD)
        assert not (on.out / "all").exists()
        on.source.put({A: b"1"})
        await on.holds("all", "1 ")


async def test_a_start_after_a_crash_before_the_reload_makes_it(
    tmp_path: Path,
) -> None:
    reload = "echo x >> OUT/log"
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app", reload=reload)])
        await on.until_told(ProvenNow)
        (on.out / "all").write_text("2 ")  # installed, and then killed
    async with bench(tmp_path, app__a="2") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app", reload=reload)])
        await on.until_told(ProvenNow)
        assert on.lines("log") == ["x", "x"]
        assert on.passes("all", PassResult.UNCHANGED)


async def test_removed_resources_leave_their_files_and_stop(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        stays = on.resource("stays", ALL, "/app")
        await on.street.set_resources([stays, on.resource("goes", ALL, "/app")])
        await on.holds("stays", "1 ")
        await on.holds("goes", "1 ")
        worker = on.street.workers["stays"]
        await on.street.set_resources([stays])
        on.source.put({A: b"2"})
        await on.holds("stays", "2 ")
        await on.calm()
        assert (on.out / "goes").read_text() == "1 "
        assert on.street.workers == {"stays": worker}


async def test_a_bug_breaks_one_resource_and_not_the_others(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        broken = on.resource("broken", ALL, "/app")
        # An impossible resource stands for a bug: nothing in the program makes one.
        no_mode: Any = "x"
        template = replace(broken.templates[0], mode=no_mode)
        impossible = replace(broken, templates=(template,))
        await on.street.set_resources([impossible, on.resource("other", ALL, "/app")])
        await on.ended("broken", PassResult.BROKEN)
        on.source.put({A: b"2"})
        await on.holds("other", "2 ")


async def test_what_a_watch_kept_from_us_is_counted(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL, "/app")])
        await on.holds("all", "1 ")
        on.source.fail(SourceMissed("fake:", "a change was missed"))
        await on.until_told(SourceFailed)
        assert on.street.followers["main"].missed == 1
