"""Runs a command to its end, its deadline or our cancellation, whichever comes first.

Every command is a process group of its own. Its output comes through a pipe of ours:
asyncio's own pipes wait for every child that inherited them, so one process left in the
background would hold up the command for ever.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from msgspec import Struct

GRACE_S = 2.0
"""Between TERM and KILL."""
KEPT_BYTES = 64 * 1024
FLOOD_BYTES = 1024 * 1024
"""Whoever writes more than this is read slowly from then on, and so has to wait."""
FLOOD_PAUSE_S = 0.02
_CHUNK = 64 * 1024
_LAST_CHUNKS = 16
"""A pipe holds at most 1 MiB: this many reads empty it."""


class Ended(Struct, frozen=True):
    """How a command ended.

    Attributes:
        status: exit status, negative for a signal; None where it did not end by
            itself or could not be started.
        output: the last of stdout and stderr, in the order they were written.
        truncated: whether there was more before it.
        problem: why there is no status; "" where there is one.
    """

    status: int | None
    output: bytes = b""
    truncated: bool = False
    problem: str = ""


class _Output:
    """The reading end of a pipe, and the last bytes that came out of it."""

    def __init__(self, descriptor: int) -> None:
        self.truncated = False
        self._descriptor = descriptor
        self._kept = bytearray()
        self._size = 0
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._loop.add_reader(descriptor, self._ready)

    def close(self) -> bytes:
        """Take what is in the pipe now, stop reading, return what was kept."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._descriptor)
        for _ in range(_LAST_CHUNKS):
            if not self._read():
                break
        return bytes(self._kept)

    def _ready(self) -> None:
        """Read one piece; give the writer a rest where it writes without end."""
        if not self._read():
            self._loop.remove_reader(self._descriptor)
        elif self._size > FLOOD_BYTES:
            self._loop.remove_reader(self._descriptor)
            self._pause = self._loop.call_later(
                FLOOD_PAUSE_S, self._loop.add_reader, self._descriptor, self._ready
            )

    def _read(self) -> bool:
        """Read one piece; False where nothing is there, or nothing more will come."""
        try:
            piece = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return False
        self._size += len(piece)
        self._kept += piece
        if len(self._kept) > KEPT_BYTES:
            del self._kept[:-KEPT_BYTES]
            self.truncated = True
        return bool(piece)


async def run(
    argv: Sequence[str], *, timeout_s: float, env: Mapping[str, str]
) -> Ended:
    """Run a command and return how it ended.

    What a command that ended leaves running is left alone, its output no longer read.

    Args:
        argv: the program and its words.
        timeout_s: after this its whole group gets TERM, and soon KILL.
        env: all of its environment.
    """
    async with _pipe() as (output, writing):
        try:
            process = await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=writing,
                start_new_session=True,
                env=dict(env),
            )
        except OSError as error:
            told = "not found" if isinstance(error, FileNotFoundError) else ""
            return Ended(None, problem=told or error.strerror or "cannot be started")
        except ValueError:
            return Ended(None, problem="cannot be started: a NUL character in a word")
        finally:
            os.close(writing)
        status, problem = await _ended(process, timeout_s)
        kept = output.close()
        return Ended(status, kept, output.truncated, problem)


@asynccontextmanager
async def _pipe() -> AsyncIterator[tuple[_Output, int]]:
    """Hold a pipe open for the block; its writing end is the caller's to close."""
    reading, writing = os.pipe2(os.O_CLOEXEC)
    os.set_blocking(reading, False)
    output = _Output(reading)
    try:
        yield output, writing
    finally:
        output.close()
        os.close(reading)


async def _ended(
    process: asyncio.subprocess.Process, timeout_s: float
) -> tuple[int | None, str]:
    """Wait for the end; on the deadline or a cancellation make one."""
    try:
        async with asyncio.timeout(timeout_s):
            return await process.wait(), ""
    except TimeoutError:
        if _is_over(process.pid):
            # It was not late: we were, as whoever is stopped for a while.
            return await process.wait(), ""
        await _end_group(process)
        return None, f"timed out after {timeout_s:g} s"
    except asyncio.CancelledError:
        await _end_group(process)
        raise


def _is_over(pid: int) -> bool:
    """Tell whether a child has ended, whether the loop knows it yet or not."""
    how = os.WEXITED | os.WNOHANG | os.WNOWAIT
    try:
        return os.waitid(os.P_PID, pid, how) is not None
    except ChildProcessError:
        return True  # its status is taken already


async def _end_group(process: asyncio.subprocess.Process) -> None:
    """End a command and all it started, also those that ignore TERM."""
    _signal_group(process.pid, signal.SIGTERM)
    try:
        async with asyncio.timeout(GRACE_S):
            await process.wait()
    except TimeoutError:
        pass
    finally:
        # Those that outlived their parent, too; and all, where our patience was cut.
        _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to a group; nothing where none of it is left."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
