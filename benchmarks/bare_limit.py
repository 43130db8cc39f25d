"""The least a machine can do: one etcd event in, the whole file out, synced and moved.

Run as ``python benchmarks/bare_limit.py ENDPOINT PREFIX TARGET``: a program that does
only that, with no mirror, no template engine, no check and no bookkeeping. What the
daemon needs beyond it is what the daemon costs.
"""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import aiohttp


def text(encoded: str) -> str:
    """Decode what etcd's JSON gateway says."""
    return base64.b64decode(encoded).decode()


def write(target: str, values: dict[str, str]) -> None:
    """Write one value a line, sync it, move it over the target, sync the folder."""
    content = "".join([f"{value}\n" for value in values.values()]).encode()
    stage = f"{target}.stage"
    with Path(stage).open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(stage, target)  # noqa: PTH104 - as bare as it gets
    folder = os.open(Path(target).parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


async def run(endpoint: str, prefix: str, target: str) -> None:
    """Load once, then rewrite the file at every event, for ever."""
    where = {
        "key": base64.b64encode(f"{prefix}/".encode()).decode(),
        "range_end": base64.b64encode(f"{prefix}0".encode()).decode(),
    }
    values: dict[str, str] = {}
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout, read_bufsize=2**22) as session:
        async with session.post(f"{endpoint}/v3/kv/range", json=where) as answer:
            told: dict[str, Any] = await answer.json()
        for pair in told.get("kvs", []):
            values[text(pair["key"])] = text(pair.get("value", ""))
        write(target, values)
        start = str(int(told["header"]["revision"]) + 1)
        create = {"create_request": {**where, "start_revision": start}}
        async with session.post(f"{endpoint}/v3/watch", json=create) as stream:
            async for line in stream.content:
                events = json.loads(line)["result"].get("events", [])
                for event in events:
                    values[text(event["kv"]["key"])] = text(event["kv"]["value"])
                if events:
                    write(target, values)


if __name__ == "__main__":
    asyncio.run(run(*sys.argv[1:4]))
