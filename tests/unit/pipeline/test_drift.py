"""What is put right without a pass, what takes one, and when it is given up."""

from dataclasses import replace
from pathlib import Path

from confwatch.disk.present import marks
from confwatch.errors import SourceUnavailable
from confwatch.model.facts import Cause, Drifted, PassResult, Reason, Repaired
from confwatch.model.keys import Key
from confwatch.model.resource import Quiet, Template
from confwatch.pipeline import drift
from tests.support.bench import Bench, bench
from tests.support.waiting import until


async def looked(on: Bench, *names: str) -> bool:
    """Look at targets as the watch does."""
    return not await on.street.targets_looked_at(marks(str(on.out / n) for n in names))


async def test_it_needs_neither_a_render_nor_a_store(tmp_path: Path) -> None:
    async with bench(tmp_path, app="1") as on:
        one = on.resource("a", '{{ getv("/app") }}', "/app", reload="echo >> OUT/r")
        await on.street.set_resources([one])
        await on.holds("a", "1")
        await on.calm()
        on.source.fail(SourceUnavailable("main", "down"))
        renders = on.street.rendering.count
        (on.out / "a").chmod(0o600)
        assert await looked(on, "a")
        assert (on.out / "a").stat().st_mode & 0o777 == 0o644
        (on.out / "a").unlink()
        assert await looked(on, "a")
        assert (on.out / "a").read_text() == "1"
        assert on.street.rendering.count == renders
        assert [one.dests for one in on.told(Repaired)] == [(str(on.out / "a"),)] * 2


async def test_one_that_was_only_touched_is_left_alone(tmp_path: Path) -> None:
    async with bench(tmp_path, app="1") as on:
        await on.street.set_resources([on.resource("a", '{{ getv("/app") }}', "/app")])
        await on.holds("a", "1")
        await on.calm()
        for _ in range(5):
            (on.out / "a").write_text("1")
            assert await looked(on, "a")
        assert on.told(Repaired) == []
        assert on.told(Drifted) == []


async def test_a_fight_over_one_target_leaves_the_others_cared_for(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, app="1") as on:
        one = on.resource("a", '{{ getv("/app") }}', "/app")
        two = Template("a.j2", str(on.out / "b"))
        await on.street.set_resources([replace(one, templates=(*one.templates, two))])
        await on.holds("b", "1")
        await on.calm()
        for _ in range(drift.FIGHT_TIMES + 2):
            (on.out / "a").write_text("mine")
            await looked(on, "a", "b")
        assert (on.out / "a").read_text() == "mine"
        (on.out / "b").write_text("mine")
        await looked(on, "b")
        assert (on.out / "b").read_text() == "1"
        assert [(one.dests, one.fight) for one in on.told(Drifted)] == [
            ((str(on.out / "a"),), True)
        ]
        assert on.street.workers["a"].drifted == (str(on.out / "a"),)
        on.source.put({Key("/app"): b"2"})
        await on.holds("a", "2")
        await until(lambda: on.street.workers["a"].drifted == ())


async def test_what_is_too_large_to_be_kept_takes_a_pass(tmp_path: Path) -> None:
    size = drift.KEPT_BYTES + 1
    async with bench(tmp_path, app="1") as on:
        text = f'{{{{ "x" * {size} }}}}{{{{ getv("/app") }}}}'
        await on.street.set_resources([on.resource("a", text, "/app")])
        await on.holds("a", "x" * size + "1")
        await on.calm()
        (on.out / "a").write_text("by hand")
        await looked(on, "a")
        await on.holds("a", "x" * size + "1")
        assert on.told(Repaired) == []
        await on.ended("a", PassResult.INSTALLED, 2)
        assert Reason.DRIFT in on.passes("a", PassResult.INSTALLED)[1].cause.reasons


async def test_a_change_of_keys_beside_it_is_no_repair(tmp_path: Path) -> None:
    async with bench(tmp_path, app="1") as on:
        one = on.resource("a", '{{ getv("/app") }}', "/app")
        # So that both reasons meet in one pass.
        await on.street.set_resources([replace(one, quiet=Quiet(0.02, 1.0))])
        await on.holds("a", "1")
        for number in range(2, drift.FIGHT_TIMES + 3):
            await on.calm()
            on.street.post("a", Cause(frozenset({Reason.DRIFT}), ("/elsewhere",), 1))
            on.source.put({Key("/app"): str(number).encode()})
            await on.holds("a", str(number))
        await on.calm()
        (on.out / "a").write_text("by hand")
        assert await looked(on, "a")
        assert (on.out / "a").read_text() == str(drift.FIGHT_TIMES + 2)
