"""kill -9 between any two steps of a pass; the next start ends it well."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.crashing import Runs, runs
from tests.support.daemon import Confwatch, confwatch
from tests.support.files import hidden

pytestmark = [pytest.mark.daemon, pytest.mark.timeout(120)]

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


class Crashes:
    """One folder, as it was before the second version, for each step anew.

    Attributes:
        before: what each step begins with.
    """

    def __init__(self, program: Confwatch, runs: Runs) -> None:
        self.before = program.folder.parent / "before"
        self._copied(program.folder, self.before)
        self.program = program
        self.runs = runs
        self._once = ["run", "--once", *program.options()]

    def killed_at(self, step: int) -> bool:
        """Run until *step* and be killed there; False where it ended before."""
        shutil.rmtree(self.program.folder)
        self._copied(self.before, self.program.folder)
        status = self.runs.end(self._once, step)
        assert status in (0, 1, -signal.SIGKILL), self.runs.printed
        return status == -signal.SIGKILL

    def next_start(self) -> int:
        """Run once more, to its end; return the exit status."""
        return self.runs.end(self._once)

    def seen(self) -> tuple[str, ...]:
        """Return both files, and what their service has loaded."""
        return seen(self.program)

    def _copied(self, there: Path, here: Path) -> None:
        """Copy all of it, hard links as such."""
        subprocess.run(["cp", "-a", str(there), str(here)], check=True)


@contextmanager
def crashes(folder: Path, resource: str) -> Iterator[Crashes]:
    """Hold what can be killed at any step of its second version."""
    with confwatch(folder / "program") as program, runs() as forked:
        prepared(program, resource)
        yield Crashes(program, forked)


def seen(program: Confwatch) -> tuple[str, ...]:
    """Return both files, and what their service has loaded."""
    return tuple((program.out / name).read_text() for name in ("a", "b", "loaded"))


@pytest.mark.parametrize(
    ("resource", "refused"),
    [(PAIR, False), (PAIR, True), (INSTALLED, False)],
    ids=["passes", "is refused", "passes installed"],
)
def test_the_next_start_ends_in_one_version_that_is_loaded(
    tmp_path: Path, resource: str, refused: bool
) -> None:
    with crashes(tmp_path, resource) as crash:
        out = crash.program.out
        for step in range(1, MOST_STEPS):
            if not crash.killed_at(step):
                assert step > 10
                return
            if refused:
                (out / "refuse").touch()
            status = crash.next_start()
            a, b, loaded = crash.seen()
            assert a[1:] == b[1:], f"two versions, killed before step {step}"
            assert loaded == a + b, f"not loaded, killed before step {step}"
            if not refused:
                assert status == 0, crash.runs.printed
                assert a == "a2\n"
            assert hidden(out) == [], f"killed before step {step}"
    pytest.fail("there were more steps than expected")


def test_what_a_killed_daemon_had_not_checked_is_never_loaded(tmp_path: Path) -> None:
    with crashes(tmp_path, INSTALLED) as crash:
        # Refused from now on: what is loaded all the same was not checked.
        (crash.before / "out/refuse").touch()
        for step in range(1, MOST_STEPS):
            killed = crash.killed_at(step)
            crash.next_start()
            assert crash.seen() == ("a1\n", "b1\n", "a1\nb1\n"), f"step {step}"
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
