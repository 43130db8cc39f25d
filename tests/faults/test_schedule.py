"""Anything in any order: after it, left alone, all files are right and nothing is owed.

A real etcd and the real program; hypothesis draws the schedule. ``--runs N`` makes N of
them.
"""

import asyncio
import itertools
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.daemon import Confwatch
from tests.support.etcd import EtcdServer
from tests.support.files import hidden
from tests.support.kv import Kv
from tests.support.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.daemon, pytest.mark.timeout(600)]

STEPS = 12
BATCH = 10
"""Schedules of one test."""
SETTLED_S = 150.0
"""Longer than a fight over a target is not fought, and than any backoff here."""
HAND = "by hand\n"
LIST = """
{% for pair in gets("/a/*") %}
{{ base(pair.key) }}={{ pair.value }}
{% endfor %}
end
"""
RESOURCES = {
    # Declared keys, a reload that may fail.
    "list": """
        templates: [{src: list.j2, dest: OUT/list, keys: [/a]}]
        reload: {run: "test ! -e OUT/no-reload && cat OUT/list > OUT/list.loaded", min_interval: 50ms}
        """,
    # Two files of one transaction, a check that may refuse.
    "pair": """
        templates:
          - {src: left.j2, dest: OUT/left, keys: [/p]}
          - {src: right.j2, dest: OUT/right, keys: [/p]}
        check: test ! -e OUT/no-check
        check_at: WHERE
        reload: {run: "cat OUT/left OUT/right > OUT/pair.loaded", min_interval: 50ms}
        """,
    # Keys that are found while rendering.
    "found": """
        templates: [{src: found.j2, dest: OUT/found}]
        check: test ! -e OUT/no-check && test -s {{ src }}
        """,
}
VALUES = st.text("ab \"'\n{}\\é", max_size=12) | st.just("long " * 2000)
NAMES = st.sampled_from("01234567")


class Schedule(RuleBasedStateMachine):
    """One daemon over one prefix of an etcd that all runs share."""

    etcd: EtcdServer
    folder: Path
    numbers: Iterator[int]

    def __init__(self) -> None:
        super().__init__()
        number = next(self.numbers)
        self.prefix = f"/run{number}"
        url = f"etcd://127.0.0.1:{self.etcd.port}{self.prefix}"
        self.program = Confwatch(self.folder / str(number), url)
        self.kv = Kv(self.etcd.port)
        self.keys: dict[str, str] = {}
        self.revision = 0
        self.head = ""
        self.where = "staged"
        self.unread = False
        self.up = False
        self.heard_before = 0
        self.by_hand = 0

    @initialize()
    def begin(self) -> None:
        """Declare everything, fill the store, start the daemon."""
        self._write_templates()
        self._write_resources()
        first = {"/a/keep": "k", "/p/v": "0", "/pointer": "/t/x", "/t/x": "x"}
        self._commit({**first, "/t/y": "y"})
        self._start()

    @rule(name=NAMES, value=VALUES)
    @precondition(lambda self: self.etcd.running)
    def put(self, name: str, value: str) -> None:
        """Put one key."""
        self._commit({f"/a/{name}": value})

    @rule(name=NAMES)
    @precondition(lambda self: self.etcd.running)
    def delete(self, name: str) -> None:
        """Delete one key, whether it is there or not."""
        self._commit({}, f"/a/{name}")

    @rule(value=VALUES, name=NAMES, to=st.sampled_from("xy"))
    @precondition(lambda self: self.etcd.running)
    def transact(self, value: str, name: str, to: str) -> None:
        """Change keys of all resources at one moment."""
        puts = {"/p/v": value, "/pointer": f"/t/{to}", f"/t/{to}": value}
        self._commit(puts, f"/a/{name}")

    @rule(count=st.integers(2, 60))
    @precondition(lambda self: self.etcd.running)
    def storm(self, count: int) -> None:
        """Put many times in a row."""
        for number in range(count):
            self._commit({f"/a/{number % 8}": str(number), "/p/v": str(number)})

    @rule()
    @precondition(lambda self: self.etcd.running)
    def compact(self) -> None:
        """Drop what a watch that broke would go on from."""
        self._commit({"/compacted": str(self.revision)})
        self.kv.compact(self.revision)

    @rule()
    @precondition(lambda self: self.etcd.running)
    def outage(self) -> None:
        """Kill the store."""
        self.etcd.kill()

    @rule()
    @precondition(lambda self: not self.etcd.running)
    def outage_ends(self) -> None:
        """Start it again, with all it had."""
        self.etcd.start()

    @rule()
    @precondition(lambda self: self.etcd.running)
    def suspend(self) -> None:
        """Freeze the store while somebody changes a target."""
        self.etcd.suspend()
        (self.program.out / "left").unlink(missing_ok=True)
        self.etcd.resume()

    @rule(what=st.sampled_from(["no-check", "no-reload"]))
    def fail(self, what: str) -> None:
        """Let all checks, or a reload, fail from now on."""
        (self.program.out / what).touch()

    @rule(what=st.sampled_from(["no-check", "no-reload"]))
    def mend(self, what: str) -> None:
        """Let them succeed again."""
        (self.program.out / what).unlink(missing_ok=True)

    @rule()
    @precondition(lambda self: self.up)
    def kill(self) -> None:
        """Kill -9."""
        self.program.end(signal.SIGKILL)
        self.up = False

    @rule(how=st.sampled_from([signal.SIGTERM, signal.SIGUSR2]))
    @precondition(lambda self: self.up)
    def stop(self, how: signal.Signals) -> None:
        """End it politely."""
        self._until_heard()
        assert self.program.end(how) == 0
        self.up = False

    @rule()
    @precondition(lambda self: not self.up)
    def start(self) -> None:
        """Start it again."""
        self._start()

    @rule(head=st.sampled_from(["", "# one\n", "# two\n"]))
    def edit_template(self, head: str) -> None:
        """Edit a template."""
        self.head = head
        self._write_templates()

    @rule(where=st.sampled_from(["staged", "installed"]))
    def edit_resource(self, where: str) -> None:
        """Edit conf.d, and say so to a daemon that runs."""
        self.where = where
        self._write_resources()
        self._hup()

    @rule(name=st.sampled_from(["list", "left", "found"]))
    @precondition(lambda self: self.by_hand < 2)
    def edit_target(self, name: str) -> None:
        """Overwrite a target by hand."""
        self.by_hand += 1
        (self.program.out / name).write_text(HAND)

    @rule(name=st.sampled_from(["list", "right", "found"]))
    @precondition(lambda self: self.by_hand < 2)
    def spoil_mode(self, name: str) -> None:
        """Take a target's mode away."""
        self.by_hand += 1
        target = self.program.out / name
        if target.exists():
            target.chmod(0o600)

    @rule()
    @precondition(lambda self: self.up and self.etcd.running)
    def wait_for_a_pass(self) -> None:
        """Let it get as far as its files, unless checks refuse them."""
        if not (self.program.out / "no-check").exists():
            self._until(lambda: self._read("list") == self._wanted()["list"])

    @invariant()
    def it_ends_only_when_told_to(self) -> None:
        """The daemon runs unless we ended it."""
        assert self.program.alive() == self.up, self._log()

    @invariant()
    def every_target_is_whole(self) -> None:
        """No target is ever a part of anything."""
        for name in ("list", "left", "right", "found"):
            text = self._read(name)
            whole = text is None or text.endswith("end\n")
            assert whole or text in (HAND, HAND[:0]), (name, text)

    def teardown(self) -> None:
        """Mend everything, leave it alone, and look."""
        try:
            if self.keys:
                self._settle()
        finally:
            self.program.close()

    def _settle(self) -> None:
        """Wait until all is as it should be; fail where it does not come to that."""
        if not self.etcd.running:
            self.etcd.start()
        for what in ("no-check", "no-reload"):
            (self.program.out / what).unlink(missing_ok=True)
        if not self.up:
            self._start()
        if self.unread:
            self._hup()
        wanted = self._wanted()
        try:
            self._until(lambda: {name: self._read(name) for name in wanted} == wanted)
            self._until(self._nothing_owed)
        except TimeoutError:
            pytest.fail(f"{self._difference(wanted)}\n{self._log()}")
        modes = {(self.program.out / name).stat().st_mode & 0o777 for name in TARGETS}
        assert modes <= {0o644, 0o600}
        self._until_heard()
        assert self.program.end() == 0
        assert hidden(self.program.out) == []
        fresh = self.program.run("render", "--diff")
        assert fresh.returncode == 0, fresh.stdout + fresh.stderr

    def _nothing_owed(self) -> bool:
        try:
            told = self.program.status()
        except OSError:
            return False  # it does not listen yet
        states = {one["state"] for one in told["resources"]}
        return len(told["resources"]) == len(RESOURCES) and states == {"in place"}

    def _wanted(self) -> dict[str, str]:
        """Return what each file must hold in the end, the loaded ones too."""
        listed = sorted(
            (key.removeprefix("/a/"), value)
            for key, value in self.keys.items()
            if key.startswith("/a/")
        )
        lines = "".join(f"{name}={value}\n" for name, value in listed)
        half = f"{self.keys['/p/v']}\nend\n"
        wanted = {
            "list": f"{self.head}\n{lines}end\n",
            "left": f"left {half}",
            "right": f"right {half}",
            "found": f"found {self.keys[self.keys['/pointer']]}\nend\n",
        }
        loaded = wanted["left"] + wanted["right"]
        return {**wanted, "list.loaded": wanted["list"], "pair.loaded": loaded}

    def _difference(self, wanted: dict[str, str]) -> str:
        return "\n".join(
            f"{name}: {self._read(name)!r}, wanted {text!r}"
            for name, text in wanted.items()
            if self._read(name) != text
        )

    def _log(self) -> str:
        lines = self.program.lines()[-40:]
        return "\n".join(str(line)[:400] for line in lines)

    def _read(self, name: str) -> str | None:
        try:
            return (self.program.out / name).read_bytes().decode()
        except FileNotFoundError:
            return None

    def _commit(self, puts: dict[str, str], *gone: str) -> None:
        """Change the store, and what we know of it."""
        for key in gone:
            self.keys.pop(key, None)
        self.keys |= puts
        self.revision = self.kv.txn(
            {self.prefix + key: value for key, value in puts.items()},
            tuple(self.prefix + key for key in gone),
        )

    def _write_templates(self) -> None:
        self.program.template("list.j2", self.head + LIST)
        half = '{{ getv("/p/v") }}\nend\n'
        self.program.template("left.j2", f"left {half}")
        self.program.template("right.j2", f"right {half}")
        self.program.template("found.j2", 'found {{ getv(getv("/pointer")) }}\nend\n')

    def _write_resources(self) -> None:
        self.unread = True
        for name, text in RESOURCES.items():
            self.program.resource(name, text.replace("WHERE", self.where))

    def _start(self) -> None:
        self.heard_before = len(self.program.lines("daemon.started"))
        self.program.start()
        self.up = True
        self.unread = False

    def _hup(self) -> None:
        if self.up:
            self._until_heard()
            self.program.send(signal.SIGHUP)
            self.unread = False

    def _until_heard(self) -> None:
        """Wait until the daemon listens to signals: before that they end it."""
        before = self.heard_before
        self._until(lambda: len(self.program.lines("daemon.started")) > before)

    def _until(self, condition: Callable[[], object]) -> None:
        asyncio.run(until(condition, SETTLED_S))


TARGETS = ("list", "left", "right", "found")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Cut the schedules into tests of a few, so that one that fails is named."""
    if "seed_of_batch" in metafunc.fixturenames:
        usual = 200 if settings._current_profile == "ci" else BATCH
        runs = metafunc.config.getoption("--runs") or usual
        metafunc.parametrize("seed_of_batch", range(-(-runs // BATCH)))


def test_left_alone_everything_is_right_in_the_end(
    tmp_path: Path, etcd: EtcdServer, seed_of_batch: int
) -> None:
    first = seed_of_batch if settings._current_profile == "ci" else time.time_ns()
    Schedule.etcd, Schedule.folder = etcd, tmp_path
    Schedule.numbers = itertools.count()
    run_state_machine_as_test(
        seed(first)(Schedule),
        settings=settings(
            max_examples=BATCH,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=False,
            database=None,
            # A schedule over real processes is not made shorter by trying.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
