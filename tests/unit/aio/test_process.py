"""Commands end when they should, whatever they do and leave behind."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from confwatch.aio import process
from confwatch.aio.process import Ended, run
from tests.support.waiting import until


async def sh(script: str, timeout_s: float = 10) -> Ended:
    return await run(["/bin/sh", "-c", script], timeout_s=timeout_s, env=os.environ)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def stand_still_until_it_ended(pid: int) -> None:
    with suppress(
        ChildProcessError
    ):  # asyncio's thread for it may be the first to know
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)


async def test_status_and_output_of_both_streams_are_told() -> None:
    ended = await sh("echo out; echo err >&2; exit 3")
    assert ended == Ended(3, b"out\nerr\n")


async def test_a_signal_is_a_negative_status() -> None:
    assert (await sh("kill -9 $$")).status == -signal.SIGKILL


async def test_it_gets_the_environment_given_and_no_input() -> None:
    env = {"PATH": os.environ["PATH"], "GIVEN": "yes"}
    ended = await run(["/bin/sh", "-c", "cat; echo $GIVEN$HOME"], timeout_s=5, env=env)
    assert ended.output == b"yes\n"


async def test_what_cannot_be_started_has_no_status() -> None:
    assert await run(["/no/such"], timeout_s=1, env={}) == Ended(
        None, problem="not found"
    )
    ended = await run(["/etc/passwd"], timeout_s=1, env={})
    assert ended.problem == "Permission denied"
    assert (await run(["a\0b"], timeout_s=1, env={})).status is None


async def test_the_deadline_ends_the_whole_group(tmp_path: Path) -> None:
    ended = await sh(f"sleep 60 & echo $! > {tmp_path}/pid; sleep 60", timeout_s=0.5)
    assert ended.status is None
    assert ended.problem == "timed out after 0.5 s"
    child = int((tmp_path / "pid").read_text())
    await until(lambda: not alive(child))


async def test_who_ignores_term_is_killed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process, "GRACE_S", 0.1)
    script = f"trap '' TERM; (trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 1; done)"
    ended = await sh(script, timeout_s=0.5)
    assert ended.status is None
    child = int((tmp_path / "pid").read_text())
    await until(lambda: not alive(child))


async def test_a_cancelled_command_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(sh(f"echo $$ > {pid}; sleep 60"))
        await until(lambda: pid.exists() and pid.read_text())
        task.cancel()
    assert not alive(int(pid.read_text()))


async def test_what_it_leaves_running_holds_up_nobody(tmp_path: Path) -> None:
    ended = await sh(f"sleep 60 & echo $! > {tmp_path}/pid; echo done")
    assert ended == Ended(0, b"done\n")
    child = int((tmp_path / "pid").read_text())
    assert alive(child), "what a successful command left running is left alone"
    os.kill(child, signal.SIGKILL)


async def test_a_flood_is_cut_to_its_end() -> None:
    ended = await sh("head -c 3000000 /dev/zero; echo the end")
    assert ended.status == 0
    assert ended.truncated
    assert len(ended.output) == process.KEPT_BYTES
    assert ended.output.endswith(b"the end\n")


async def test_a_flood_without_end_meets_the_deadline() -> None:
    ended = await sh("yes", timeout_s=0.5)
    assert ended.status is None
    assert len(ended.output) == process.KEPT_BYTES


async def test_a_command_that_ended_while_we_were_stopped_was_not_late(
    tmp_path: Path,
) -> None:
    told = tmp_path / "pid"
    script = f"echo $$ > {told}.new; mv {told}.new {told}; exec sleep 1.2"
    async with asyncio.TaskGroup() as group:
        job = group.create_task(sh(script, timeout_s=1))
        await until(told.exists)
        # The loop stands still until the child has ended, and nobody noticed it then.
        stand_still_until_it_ended(int(told.read_text()))
    assert job.result() == Ended(0)
