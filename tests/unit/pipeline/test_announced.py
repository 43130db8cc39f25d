"""A street whose templates look for announced services."""

from pathlib import Path

from confwatch.model.facts import PassResult, RecordsSkipped
from confwatch.model.keys import Key, Ref
from tests.support.bench import bench

LIST = "{% for s in services('web') %}{{ s.endpoint }} {% endfor %}"
A, B = Key("/services/web/a"), Key("/services/web/b")


async def test_a_service_that_comes_or_goes_renders_again(tmp_path: Path) -> None:
    async with bench(tmp_path, services__web__a="h:1", other="x") as on:
        await on.street.set_resources([on.resource("web", LIST)])
        await on.holds("web", "h:1 ")
        on.source.put({B: b"h:2"})
        await on.holds("web", "h:1 h:2 ")
        on.source.remove([A])
        await on.holds("web", "h:2 ")
        await on.calm()
        rendered = on.street.rendering.count
        on.source.put({Key("/other"): b"y"})
        await on.calm()
        assert on.street.rendering.count == rendered


async def test_a_record_that_cannot_be_understood_is_told_once(tmp_path: Path) -> None:
    async with bench(tmp_path, services__web__a="h:1", services__web__b="?") as on:
        await on.street.set_resources([on.resource("web", LIST)])
        await on.holds("web", "h:1 ")
        (told,) = await on.until_told(RecordsSkipped)
        problem = "is neither HOST:PORT nor a JSON object"
        assert told == RecordsSkipped("web", {Ref("main", B): problem}, 1)
        assert on.street.workers["web"].skipped == told.records
        on.source.put({A: b"h:3"})
        await on.holds("web", "h:3 ")
        await on.calm()
        assert len(on.told(RecordsSkipped)) == 1
        on.source.put({B: b"h:2"})
        await on.holds("web", "h:3 h:2 ")
        assert on.street.workers["web"].skipped == {}


async def test_a_render_that_fails_elsewhere_tells_of_it_too(tmp_path: Path) -> None:
    async with bench(tmp_path, services__web__b="?") as on:
        await on.street.set_resources([on.resource("web", LIST + "{{ getv('/no') }}")])
        await on.ended("web", PassResult.FAILED)
        assert len(on.told(RecordsSkipped)) == 1
