"""Keys found while rendering: what is asked for, for how long, and what is doubted."""

from pathlib import Path

import pytest

from confwatch.errors import RenderError, SourceUnavailable
from confwatch.model.facts import Cause, PassResult, Reason
from confwatch.model.keys import Key
from confwatch.pipeline.coverage import MAX_ROUNDS, Coverage
from tests.support.bench import bench
from tests.support.waiting import until

ALL = '{% for p in gets("/app/*") %}{{ p.value }} {% endfor %}'
CHAIN = """\
{% set at = namespace(key="/0") %}
{% for _ in range(30) if at.key != "end" %}
{% set at.key = getv(at.key, "lost") %}
{% endfor %}
{{ at.key }}
"""


def chain(length: int) -> dict[str, str]:
    """Return keys of which each names the next."""
    return {str(n): f"/{n + 1}" for n in range(length - 1)} | {str(length - 1): "end"}


async def test_a_nested_lookup_is_followed_round_by_round(tmp_path: Path) -> None:
    async with bench(tmp_path, **chain(MAX_ROUNDS)) as on:
        await on.street.set_resources([on.resource("chain", CHAIN)])
        await on.holds("chain", "end\n")


async def test_a_lookup_without_end_is_an_error_until_a_key_changes(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, **chain(MAX_ROUNDS + 1)) as on:
        await on.street.set_resources([on.resource("chain", CHAIN)])
        await on.ended("chain", PassResult.FAILED)
        error = on.passes("chain", PassResult.FAILED)[0].error
        assert isinstance(error, RenderError)
        read = ", ".join(f"/{number}" for number in range(MAX_ROUNDS))
        text = f"after {MAX_ROUNDS} renders: /{MAX_ROUNDS}; it read {read}"
        assert text in str(error)
        await on.ended("chain", PassResult.FAILED, 2)  # a retry alone asks no further
        on.source.put({Key("/0"): b"end"})
        await on.holds("chain", "end\n")


async def test_what_is_read_no_more_is_watched_no_more(tmp_path: Path) -> None:
    async with bench(tmp_path, **chain(3)) as on:
        await on.street.set_resources([on.resource("chain", CHAIN)])
        await on.holds("chain", "end\n")
        mirror = on.street.followers["main"].mirror
        assert mirror.covered == {"/0", "/1", "/2"}
        seen = len(on.passes("chain", PassResult.UNCHANGED))
        on.source.put({Key("/0"): b"/2"})
        await on.ended("chain", PassResult.UNCHANGED, seen + 1)
        assert mirror.covered == {"/0", "/1", "/2"}
        on.street.narrow()
        assert mirror.covered == {"/0", "/2"}
        on.source.put({Key("/2"): b"lost"})
        await on.holds("chain", "lost\n")


async def test_an_emptied_store_is_doubted_over_a_restart_where_keys_are_left_out(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL)])
        await on.holds("all", "1 ")
        await on.calm()
    async with bench(tmp_path) as on:
        await on.street.set_resources([on.resource("all", ALL)])
        await on.ended("all", PassResult.HELD)
        assert (on.out / "all").read_text() == "1 "
        on.source.put({Key("/app/a"): b"2"})
        await on.holds("all", "2 ")


async def test_what_a_new_template_does_not_read_is_not_doubted(tmp_path: Path) -> None:
    async with bench(tmp_path, app__a="1", new__a="2") as on:
        await on.street.set_resources([on.resource("all", ALL)])
        await on.holds("all", "1 ")
        await on.calm()
    async with bench(tmp_path, new__a="2") as on:
        text = ALL.replace("/app", "/new")
        await on.street.set_resources([on.resource("all", text)])
        await on.holds("all", "2 ")


async def test_a_store_that_comes_up_after_a_reconcile_is_still_asked(
    tmp_path: Path,
) -> None:
    async with bench(tmp_path, **chain(3)) as on:
        on.source.down = True
        await on.street.set_resources([on.resource("chain", CHAIN)])
        await on.ended("chain", PassResult.WAITING)
        await on.calm()
        on.street.post("chain", Cause(frozenset({Reason.OPERATOR})))
        await on.calm()
        on.street.narrow()
        on.source.come_up()
        await on.holds("chain", "end\n")


async def test_a_store_that_nobody_reads_any_more_is_asked_for_nothing(
    tmp_path: Path,
) -> None:
    switch = tmp_path / "switch"
    switch.touch()
    text = f'{{% if fileExists("{switch}") %}}{{{{ getv("/app/a") }}}}{{% endif %}}.'
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", text)])
        await on.holds("all", "1.")
        follower = on.street.followers["main"]
        on.source.fail(SourceUnavailable("fake:", "is down"))
        await until(lambda: follower.error)
        switch.unlink()
        on.street.files_changed([str(switch)])
        await on.holds("all", ".")
        await on.calm()
        on.street.narrow()
        assert follower.mirror.covered == frozenset()
        assert follower.error is None
        assert follower.last_sign() is None


async def test_what_many_want_at_once_is_joined_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined: list[str] = []
    of = Coverage.of

    def counted(self: Coverage, store: str) -> frozenset[Key]:
        joined.append(store)
        return of(self, store)

    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources([on.resource("all", ALL)])
        await on.holds("all", "1 ")
        monkeypatch.setattr(Coverage, "of", counted)
        on.street._cover_at = 0.0
        for _ in range(9):
            on.street._desk.cover()
        await until(lambda: bool(joined))
        await on.calm()
        assert joined == ["main"]
