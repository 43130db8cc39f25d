"""What an install replaced is kept until it was judged, over a crash too."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from confwatch.disk.compare import compare
from confwatch.disk.install import install
from confwatch.disk.stage import stage
from confwatch.disk.undo import Undo, recover
from confwatch.errors import DiskError
from confwatch.model.steps import Checked
from tests.support.files import brought, rendered


def dests(folder: Path) -> tuple[str, ...]:
    return tuple(str(folder / name) for name in ("a", "b", "new"))


def unjudged(folder: Path) -> Undo:
    """Replace two files and make a third, and leave it at that."""
    brought(rendered({folder / "a": b"one", folder / "b": b"one"}))
    made = rendered({Path(dest): b"two" for dest in dests(folder)})
    undo = Undo()
    with stage(compare(made)) as staged:
        install(Checked(staged), proven={}, undo=undo)
    assert (folder / "new").read_bytes() == b"two"
    return undo


def found(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


ONE = {"a": b"one", "b": b"one"}
TWO = {"a": b"two", "b": b"two", "new": b"two"}


def test_a_start_puts_back_what_nobody_judged(tmp_path: Path) -> None:
    unjudged(tmp_path)
    assert {*recover(dests(tmp_path))} == {*dests(tmp_path)}
    assert found(tmp_path) == ONE
    assert recover(dests(tmp_path)) == ()


@pytest.mark.parametrize("last", range(1, 12))
@pytest.mark.parametrize("what", ["back", "forget"])
def test_cut_anywhere_it_ends_in_one_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, last: int
) -> None:
    undo = unjudged(tmp_path)
    calls = 0

    def cutting(call: Callable[..., object]) -> object:
        def one(*args: object) -> None:
            nonlocal calls
            calls += 1
            if calls >= last:
                raise KeyboardInterrupt
            call(*args)

        return one

    with monkeypatch.context() as cut:
        for name in ("rename", "unlink"):
            cut.setattr(os, name, cutting(getattr(os, name)))
        with suppress(KeyboardInterrupt):
            getattr(undo, what)()
    recover(dests(tmp_path))
    assert found(tmp_path) in ([ONE] if what == "back" else [ONE, TWO])


def test_a_move_that_fails_leaves_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought(rendered({tmp_path / "a": b"one", tmp_path / "b": b"one"}))
    rename = os.rename

    def refusing(source: str, target: str) -> None:
        if target == str(tmp_path / "b") and "undo" not in source:
            raise OSError(errno.EDQUOT, "")
        rename(source, target)

    monkeypatch.setattr(os, "rename", refusing)
    with pytest.raises(DiskError, match="quota exceeded"):
        brought(rendered({tmp_path / "a": b"two", tmp_path / "b": b"two"}))
    assert found(tmp_path) == ONE


@pytest.mark.parametrize("call", ["write", "fsync", "close"])
def test_a_quota_leaves_the_target_and_nothing_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    brought(rendered({tmp_path / "a": b"one"}))
    made = rendered({tmp_path / "a": b"two"})
    compared = compare(made)
    real = getattr(os, call)

    def refusing(descriptor: int, *args: object) -> None:
        if call == "close":
            real(descriptor)
        raise OSError(errno.EDQUOT, "")

    with monkeypatch.context() as cut:
        cut.setattr(os, call, refusing)
        with (
            pytest.raises(DiskError, match=r"cannot stage .*quota exceeded"),
            stage(compared),
        ):
            pass
    assert found(tmp_path) == {"a": b"one"}


def test_what_cannot_be_moved_and_fails_half_way_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought(rendered({tmp_path / "a": b"before"}))
    pwrite = os.pwrite

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, "")

    def failing(descriptor: int, content: bytes, at: int) -> int:
        if bytes(content) == b"before":
            return pwrite(descriptor, content, at)
        pwrite(descriptor, content[:2], at)
        raise OSError(errno.EIO, "")

    with monkeypatch.context() as cut:
        cut.setattr(os, "rename", busy)
        cut.setattr(os, "pwrite", failing)
        with pytest.raises(DiskError, match="Input/output error"):
            brought(rendered({tmp_path / "a": b"after that"}))
    assert found(tmp_path) == {"a": b"before"}


def test_a_mode_that_may_not_be_set_is_told_before_a_byte_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought(rendered({tmp_path / "a": b"before"}))
    staged_mode = os.fchmod

    def busy(*_: object) -> None:
        monkeypatch.setattr(os, "fchmod", refused)
        raise OSError(errno.EBUSY, "")

    def refused(*_: object) -> None:
        raise OSError(errno.EPERM, "")

    monkeypatch.setattr(os, "rename", busy)
    with pytest.raises(DiskError, match="not permitted"):
        brought(rendered({tmp_path / "a": b"after that"}, mode=0o600))
    assert staged_mode is not os.fchmod
    assert found(tmp_path) == {"a": b"before"}
