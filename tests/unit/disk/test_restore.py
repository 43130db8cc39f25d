"""Going back to what was proven, and clearing away what a crash left."""

from pathlib import Path

import pytest

from confwatch.disk.names import stage_path
from confwatch.disk.present import digests
from confwatch.disk.restore import put_back
from confwatch.disk.sweep import sweep
from confwatch.errors import DiskError
from confwatch.model.steps import digest_of
from tests.support.files import brought, rendered

ONE, TWO = digest_of(b"one"), digest_of(b"two")


def test_all_differing_targets_go_back(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    proven = {str(a): ONE, str(b): ONE}
    brought(rendered({a: b"one", b: b"one"}))
    made = rendered({a: b"two", b: b"one"})
    brought(made, proven)
    assert put_back(made.resource, proven) == (str(a),)
    assert digests([str(a), str(b)]) == proven
    assert put_back(made.resource, proven) == ()
    a.write_bytes(b"edited in place")
    brought(made, proven)
    assert digests([str(a), str(b)]) == {str(a): TWO, str(b): ONE}


def test_nothing_moves_where_one_version_is_not_kept(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    brought(rendered({a: b"one", b: b"one"}))
    made = rendered({a: b"two", b: b"two"})
    brought(made, {str(a): ONE})
    with pytest.raises(DiskError, match="not kept beside it"):
        put_back(made.resource, {str(a): ONE, str(b): ONE})
    assert digests([str(a), str(b)]) == {str(a): TWO, str(b): TWO}


def test_a_sweep_takes_stages_of_its_targets_alone(tmp_path: Path) -> None:
    target, other = tmp_path / "web.conf", tmp_path / "other.conf"
    brought(rendered({target: b"one"}))
    brought(rendered({target: b"two"}), {str(target): ONE})
    left, alive = Path(stage_path(str(target))), Path(stage_path(str(other)))
    for path in (left, alive, tmp_path / ".confwatch-mine"):
        path.touch()
    assert sweep([str(target), str(tmp_path / "none/x")]) == [str(left)]
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {
        "web.conf",
        alive.name,
        ".confwatch-mine",
        ".confwatch-prev-web.conf",
    }
