"""What every source promises, asked of each of them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from confwatch.model.keys import Key
from tests.contract.stores import STORES, Store, reading

A, B = Key("/app/a"), Key("/app/b")
REAL = {"etcd", "whole etcd"}


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.real if name in REAL else ())
        for name in STORES
    ]
)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as made:
        yield made


async def test_the_whole_picture_comes_first(store: Store) -> None:
    await store.writer.put(A, b"1")
    async with reading(store.source, "/app", "/none") as reader:
        await reader.until(app__a=b"1")


async def test_changes_follow(store: Store) -> None:
    async with reading(store.source, "/app") as reader:
        await reader.until()
        await store.writer.put(A, b"1")
        await store.writer.put(B, b"2")
        await reader.until(app__a=b"1", app__b=b"2")
        await store.writer.put(A, b"3")
        await reader.until(app__a=b"3", app__b=b"2")
        await store.writer.remove(B)
        await reader.until(app__a=b"3")


async def test_a_prefix_ends_at_a_slash(store: Store) -> None:
    for key in ("/apple", "/app-x/y", "/app.x", "/app/z", "/ap"):
        await store.writer.put(Key(key), b"1")
    async with reading(store.source, "/app") as reader:
        await reader.until(app__z=b"1")
        await store.writer.put(Key("/app0/x"), b"2")
        await store.writer.put(Key("/app-x/y"), b"2")
        await store.writer.put(Key("/app/z"), b"2")
        await reader.until(app__z=b"2")


async def test_a_prefix_may_be_a_key(store: Store) -> None:
    await store.writer.put(A, b"1")
    async with reading(store.source, "/app/a") as reader:
        await reader.until(app__a=b"1")
        await store.writer.put(A, b"2")
        await reader.until(app__a=b"2")


async def test_everything_can_be_covered(store: Store) -> None:
    await store.writer.put(A, b"1")
    async with reading(store.source, "/") as reader:
        await reader.until(app__a=b"1")
        await store.writer.put(Key("/other"), b"2")
        await reader.until(app__a=b"1", other=b"2")


@pytest.mark.parametrize(
    "value",
    [b"", b"\n", b"a\n\n", b" a ", b"\xff\x00\xfe", "ž☃".encode(), b"x" * (1 << 20)],
    ids=["empty", "newline", "newlines", "blanks", "bytes", "text", "1 MiB"],
)
async def test_a_value_is_just_what_was_put(store: Store, value: bytes) -> None:
    async with reading(store.source, "/app") as reader:
        await reader.until()
        await store.writer.put(A, value)
        await reader.until(app__a=value)


@pytest.mark.parametrize(
    "name", ["a b", "100%", "žluť", "a%2Fb", "\udcff\udcfe", "'q'", "a=b&c?d#e", "~a"]
)
async def test_a_key_is_just_what_was_put(store: Store, name: str) -> None:
    key = Key(f"/app/{name}/k")
    await store.writer.put(key, b"1")
    async with reading(store.source, "/app") as reader:
        await reader.until_there({key: b"1"})
        await store.writer.put(key, b"2")
        await reader.until_there({key: b"2"})


async def test_widening_tells_the_new_scope_and_keeps_the_old(store: Store) -> None:
    await store.writer.put(A, b"1")
    await store.writer.put(Key("/db/x"), b"2")
    async with reading(store.source, "/app") as reader:
        await reader.until(app__a=b"1")
        reader.cover("/app", "/db")
        await reader.until(app__a=b"1", db__x=b"2")
        await store.writer.put(A, b"3")
        await store.writer.put(Key("/db/x"), b"4")
        await reader.until(app__a=b"3", db__x=b"4")


async def test_a_waiting_reader_takes_up_a_wider_cover(store: Store) -> None:
    await store.writer.put(A, b"1")
    async with reading(store.source) as reader, asyncio.TaskGroup() as group:
        group.create_task(reader.step())
        await asyncio.sleep(0)
        reader.cover("/app")
    assert reader.mirror.value(A) == "1"


async def test_narrowing_stops_the_telling(store: Store) -> None:
    await store.writer.put(A, b"1")
    await store.writer.put(Key("/db/x"), b"2")
    async with reading(store.source, "/app", "/db") as reader:
        await reader.until(app__a=b"1", db__x=b"2")
        reader.cover("/db")
        await store.writer.put(A, b"3")
        await store.writer.put(Key("/db/x"), b"4")
        await reader.until(db__x=b"4")


async def test_a_cancelled_wait_loses_nothing(store: Store) -> None:
    async with reading(store.source, "/app") as reader:
        await reader.until()
        for number in range(20):
            await store.writer.put(Key(f"/app/{number}"), b"1")
            try:
                async with asyncio.timeout(0.003 * (number % 4)):
                    await reader.step()
            except TimeoutError:
                continue
        await reader.until_there({Key(f"/app/{n}"): b"1" for n in range(20)})


async def test_many_keys_and_a_storm_end_in_the_same_picture(store: Store) -> None:
    expected = {Key(f"/app/{n % 7}/{n}"): str(n).encode() for n in range(150)}
    for key in [*expected][:75]:
        await store.writer.put(key, b"old")
    async with reading(store.source, "/app") as reader, asyncio.TaskGroup() as group:
        follow = group.create_task(reader.until_there(expected))
        for key, value in expected.items():
            await store.writer.put(key, value)
        await follow


async def test_a_subtree_goes_at_once(store: Store) -> None:
    for key in (A, B, Key("/app/deep/er/k"), Key("/other")):
        await store.writer.put(key, b"1")
    async with reading(store.source, "/") as reader:
        await reader.step()
        assert await store.writer.remove(Key("/app"), subtree=True) == 3
        await reader.until(other=b"1")


async def test_it_moves_while_it_is_well(store: Store) -> None:
    async with reading(store.source, "/app") as reader:
        before = asyncio.get_running_loop().time()
        await reader.until()
        assert reader.subscription.moved_at() >= before


async def test_what_it_shows_is_a_url(store: Store) -> None:
    assert store.source.shown.startswith(("fake:", "dir:/", "etcd://"))
