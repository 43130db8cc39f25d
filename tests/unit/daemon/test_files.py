"""Files that templates read beside the store: a change renders again at once."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from confwatch.daemon import files
from confwatch.model.facts import PassResult
from tests.support.bench import Bench, bench
from tests.support.waiting import until

TEXT = '{{ getv("/app/a") }} {{ file("PATH") if fileExists("PATH") else "none" }}'


async def rendering(on: Bench, path: Path) -> None:
    """Render from a key and a file."""
    text = TEXT.replace("PATH", str(path))
    await on.street.set_resources([on.resource("a", text, "/app")])


async def test_a_file_that_is_read_is_watched_wherever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "elsewhere" / "deep" / "note"
    async with (
        bench(tmp_path, app__a="1") as on,
        files.watched(
            on.templates, on.street.files, on.street.files_changed
        ) as other_files,
    ):
        await rendering(on, path)
        await on.holds("a", "1 none")
        other_files()
        await on.calm()
        for text in ("first", "second"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            await on.holds("a", f"1 {text}")
        path.unlink()
        await on.holds("a", "1 none")


async def test_a_template_that_is_only_known_now_is_not_rendered_again(
    tmp_path: Path,
) -> None:
    looks: list[frozenset[str]] = []

    def matter() -> frozenset[str]:
        looks.append(on.street.files())
        return looks[-1]

    async with bench(tmp_path, app__a="1") as on:
        one = on.resource("a", '{{ getv("/app/a") }}', "/app")
        watched = files.watched(on.templates, matter, on.street.files_changed)
        async with watched as other_files:
            await on.street.set_resources([one])
            await on.holds("a", "1")
            other_files()
            await until(lambda: looks)
            await on.calm()
            (on.templates / "a.j2").write_text('now {{ getv("/app/a") }}')
            await on.holds("a", "now 1")
            await on.calm()
        assert len(on.passes("a", PassResult.INSTALLED, PassResult.UNCHANGED)) == 2


async def test_an_edit_beside_the_very_first_look_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signatures = files._signatures

    def edited_first(paths: Iterable[str]) -> dict[str, files.Signature]:
        (on.templates / "a.j2").write_text('now {{ getv("/app/a") }}')
        monkeypatch.setattr(files, "_signatures", signatures)
        return signatures(paths)

    async with bench(tmp_path, app__a="1") as on:
        one = on.resource("a", '{{ getv("/app/a") }}', "/app")
        watched = files.watched(on.templates, on.street.files, on.street.files_changed)
        async with watched as other_files:
            await on.street.set_resources([one])
            await on.holds("a", "1")
            await on.calm()
            monkeypatch.setattr(files, "_signatures", edited_first)
            other_files()
            await on.holds("a", "now 1")


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: path.mkdir(), "not a regular file"),
        (lambda path: path.write_bytes(b"x" * (1024 * 1024 + 1)), "larger than 1 MiB"),
    ],
)
async def test_what_cannot_be_read_is_named(
    tmp_path: Path, make: Callable[[Path], object], told: str
) -> None:
    path = tmp_path / "note"
    make(path)
    async with bench(tmp_path, app__a="1") as on:
        await rendering(on, path)
        await until(lambda: on.passes("a", PassResult.FAILED))
        (failed, *_) = on.passes("a", PassResult.FAILED)
        assert told in str(failed.error)
        assert str(path) in str(failed.error)
