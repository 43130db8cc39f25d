"""kill -9 between any two steps of a pass; the next start ends it well."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemon import Confwatch, confwatch
from tests.support.files import hidden

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(120)]

CRASHING = Path(__file__).parents[1] / "support" / "crashing.py"
PAIR = """
templates:
  - {src: a.j2, dest: OUT/a, keys: [/version]}
  - {src: b.j2, dest: OUT/b, keys: [/version]}
check: test ! -e OUT/refuse
reload: {run: "cat OUT/a OUT/b > OUT/loaded", min_interval: 0s}
"""
INSTALLED = PAIR.replace("check: ", "check_at: installed\ncheck: echo >> OUT/checked; ")
MOST_STEPS = 60


def prepared(program: Confwatch, resource: str = PAIR) -> None:
    """Apply version 1, and put version 2 in the store."""
    program.template("a.j2", 'a{{ getv("/version") }}\n')
    program.template("b.j2", 'b{{ getv("/version") }}\n')
    program.resource("pair", resource)
    (program.keys / "version").write_text("1\n")
    assert program.run("run", "--once").returncode == 0
    (program.keys / "version").write_text("2\n")


def crashed(program: Confwatch, step: int) -> bool:
    """Run until *step* and be killed there; False where it ended before."""
    done = subprocess.run(
        [sys.executable, str(CRASHING), str(step), "run", "--once", *program.options()],
        capture_output=True,
        timeout=30,
        check=False,
        env={**os.environ, "PYTHONPATH": str(CRASHING.parents[2])},
    )
    assert done.returncode in (0, 1, -signal.SIGKILL), done.stderr
    return done.returncode == -signal.SIGKILL


def seen(program: Confwatch) -> tuple[str, str, str]:
    """Return both files, and what their service has loaded."""
    names = ("a", "b", "loaded")
    return tuple((program.out / name).read_text() for name in names)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("resource", "refused"),
    [(PAIR, False), (PAIR, True), (INSTALLED, False)],
    ids=["passes", "is refused", "passes installed"],
)
def test_the_next_start_ends_in_one_version_that_is_loaded(
    tmp_path: Path, resource: str, refused: bool
) -> None:
    for step in range(1, MOST_STEPS):
        (tmp_path / str(step)).mkdir()
        with confwatch(tmp_path / str(step)) as program:
            prepared(program, resource)
            if not crashed(program, step):
                assert step > 10
                return
            if refused:
                (program.out / "refuse").touch()
            done = program.run("run", "--once")
            a, b, loaded = seen(program)
            assert a[1:] == b[1:], f"two versions, killed before step {step}"
            assert loaded == a + b, f"not loaded, killed before step {step}"
            if not refused:
                assert done.returncode == 0, done.stderr
                assert a == "a2\n"
            assert hidden(program.out) == [], f"killed before step {step}"
    pytest.fail("there were more steps than expected")


def test_what_a_killed_daemon_had_not_checked_is_never_loaded(tmp_path: Path) -> None:
    for step in range(1, MOST_STEPS):
        (tmp_path / str(step)).mkdir()
        with confwatch(tmp_path / str(step)) as program:
            prepared(program, INSTALLED)
            # Refused from now on: what is loaded all the same was not checked.
            (program.out / "refuse").touch()
            killed = crashed(program, step)
            program.run("run", "--once")
            assert seen(program) == ("a1\n", "b1\n", "a1\nb1\n"), f"step {step}"
            if not killed:
                assert step > 10
                return
    pytest.fail("there were more steps than expected")


def test_a_daemon_killed_in_its_reload_makes_it_again(tmp_path: Path) -> None:
    with confwatch(tmp_path) as program:
        prepared(program)
        slow = PAIR.replace(
            "cat OUT", "echo x >> OUT/begun; sleep 0.2; kill -9 $PPID; cat OUT"
        )
        program.resource("pair", slow)
        assert program.run("run", "--once").returncode == -signal.SIGKILL
        assert (program.out / "begun").exists()
        program.resource("pair", PAIR)
        assert program.run("run", "--once").returncode == 0
        assert seen(program) == ("a2\n", "b2\n", "a2\nb2\n")
