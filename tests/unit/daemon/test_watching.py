"""What becomes of watching where the kernel has nothing left to watch with."""

import ctypes
import errno
from itertools import count
from pathlib import Path

import pytest
from watchdog.observers import inotify_c

from confwatch.daemon import drift, files
from tests.support.bench import bench
from tests.support.waiting import until


def none_left() -> int:
    """Answer as the kernel does beyond ``fs.inotify.max_user_instances``."""
    ctypes.set_errno(errno.EMFILE)
    return -1


async def test_templates_and_targets_are_looked_at_from_time_to_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inotify_c, "inotify_init", none_left)
    template = tmp_path / "watched.j2"
    template.write_text("1")
    changed: list[str] = []
    async with bench(tmp_path, app__a="1") as on:
        await on.street.set_resources(
            [on.resource("a", '{{ getv("/app/a") }}', "/app")]
        )
        await on.holds("a", "1")
        async with (
            drift.watched(on.street, 0.05),
            files.watched(tmp_path, lambda: [str(template)], changed.extend, 0.05),
        ):
            (on.out / "a").write_text("by hand")
            await on.holds("a", "1")
            # Edited again and again: the first look only learns what it is.
            sizes = count(2)
            await until(lambda: template.write_text("x" * next(sizes)) and changed)
            assert {*changed} == {str(template)}
