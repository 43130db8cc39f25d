"""etcd that dies, freezes, forgets, refuses and is somebody else."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import trustme

from confwatch.errors import (
    SourceError,
    SourceMissed,
    SourceRejected,
    SourceUnavailable,
)
from confwatch.model.events import Changed, Loaded, StoreEvent
from confwatch.model.keys import ROOT, Key
from confwatch.model.secret import Secret
from confwatch.stores.etcd import client as client_module
from confwatch.stores.etcd import lookout as lookout_module
from confwatch.stores.etcd import stream as stream_module
from confwatch.stores.etcd import watch as watch_module
from confwatch.stores.etcd.options import Options
from confwatch.stores.etcd.proof import Prover
from confwatch.stores.etcd.registrar import EtcdRegistrar
from confwatch.stores.etcd.source import EtcdSource, EtcdSubscription
from confwatch.stores.etcd.writer import opened
from confwatch.wire import etcd as wire
from tests.contract.stores import options
from tests.support.etcd import EtcdServer
from tests.support.servers import free_port

pytestmark = [pytest.mark.real, pytest.mark.timeout(60)]

Member: TypeAlias = Callable[
    [asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]
]

COVER = frozenset({Key("/a"), Key("/b")})


@asynccontextmanager
async def watching(
    how: Options, cover: frozenset[Key] = COVER
) -> AsyncIterator[EtcdSubscription]:
    async with EtcdSource(how).subscribe(cover) as subscription:
        yield subscription


async def event(subscription: EtcdSubscription) -> StoreEvent:
    async with asyncio.timeout(20):
        return await subscription.next()


async def survived(
    subscription: EtcdSubscription,
) -> tuple[StoreEvent, list[SourceError]]:
    """Return the next event, and every error before it."""
    errors: list[SourceError] = []
    async with asyncio.timeout(30):
        while True:
            try:
                return await subscription.next(), errors
            except SourceError as error:
                errors.append(error)
                await asyncio.sleep(0.05)


async def test_a_killed_server_is_resumed_without_a_new_picture(
    etcd: EtcdServer,
) -> None:
    async with watching(options(etcd)) as subscription:
        assert isinstance(await event(subscription), Loaded)
        etcd.kill()
        etcd.start()
        etcd.ctl("put", "/prod/a/x", "1")
        told, errors = await survived(subscription)
        assert isinstance(told, Changed)
        assert told.put == {"/a/x": b"1"}
        assert errors
        assert all(isinstance(one, SourceUnavailable) for one in errors)


async def test_a_polite_stop_is_an_outage_too(etcd: EtcdServer) -> None:
    async with watching(options(etcd)) as subscription:
        await event(subscription)
        etcd.stop()
        with pytest.raises(SourceUnavailable):
            await event(subscription)


async def test_a_wiped_server_tells_its_whole_picture(etcd: EtcdServer) -> None:
    for number in range(5):
        etcd.ctl("put", "/prod/a/x", str(number))
    async with watching(options(etcd)) as subscription:
        await event(subscription)
        etcd.kill()
        etcd.wipe()
        etcd.start()
        etcd.ctl("put", "/prod/a/new", "1")
        told, errors = await survived(subscription)
        assert isinstance(told, Loaded)
        assert told.entries == {"/a/new": b"1"}
        assert any("went back" in one.problem for one in errors)


async def test_compacted_history_leads_to_the_whole_picture(etcd: EtcdServer) -> None:
    async with watching(options(etcd)) as subscription:
        await event(subscription)
        etcd.kill()
        etcd.start()
        for number in range(5):
            etcd.ctl("put", "/prod/a/x", str(number))
        etcd.compact()
        told, errors = await survived(subscription)
        assert isinstance(told, Loaded)
        assert told.entries == {"/a/x": b"4"}
        assert any("compacted" in one.problem for one in errors)


async def test_a_frozen_server_is_noticed(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "SILENT_S", 0.3)
    async with watching(options(etcd)) as subscription:
        await event(subscription)
        etcd.suspend()
        with pytest.raises(SourceUnavailable, match="no answer in time"):
            await event(subscription)
        etcd.resume()
        etcd.ctl("put", "/prod/b/x", "1")
        told, _ = await survived(subscription)
        assert isinstance(told, Changed)


async def test_a_silent_healthy_server_stays_resumed_and_moves(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "SILENT_S", 0.1)
    how = replace(options(etcd), reconcile_s=0.0)
    async with watching(how) as subscription:
        await event(subscription)
        for number in range(20):
            etcd.ctl("put", f"/prod/foreign{number}", "1")
        before = subscription.moved_at()
        try:
            async with asyncio.timeout(1):
                await subscription.next()
        except TimeoutError:
            pass
        assert subscription.moved_at() > before
        # From now on an outage is not followed by a whole picture at once.
        subscription._prover._every_s = 600.0
        etcd.compact()
        etcd.kill()
        etcd.start()
        etcd.ctl("put", "/prod/a/x", "1")
        told, errors = await survived(subscription)
        assert isinstance(told, Changed), (
            "the proof moved the floor past the compaction"
        )
        assert errors


@pytest.mark.parametrize("missed", ["put", "del"])
async def test_what_a_watch_missed_is_found_out(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch, missed: str
) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    monkeypatch.setattr(watch_module, "SILENT_S", 0.2)

    async def deaf(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(stream_module.Stream, "run", deaf)
    async with watching(replace(options(etcd), reconcile_s=0.0)) as subscription:
        await event(subscription)
        etcd.ctl(missed, "/prod/a/x", *(["2"] if missed == "put" else []))
        told, errors = await survived(subscription)
        assert isinstance(told, Loaded)
        assert [type(one) for one in errors] == [SourceMissed]


async def test_what_was_missed_is_found_out_where_strangers_are_never_silent(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    monkeypatch.setattr(watch_module, "SILENT_S", 0.5)
    understood = stream_module.Stream._understood

    def forgetful(*what: Any) -> wire.WatchAnswer:
        answer = understood(*what)
        answer.events[:] = [one for one in answer.events if b"/a/" not in one.kv.key]
        return answer

    monkeypatch.setattr(stream_module.Stream, "_understood", forgetful)
    async with (
        opened(options(etcd)) as writer,
        watching(replace(options(etcd), reconcile_s=0.0)) as subscription,
        asyncio.TaskGroup() as group,
    ):
        await event(subscription)

        async def strangers() -> None:
            while True:
                await writer.put(Key("/aa/foreign"), b"1")  # between /a and /b

        task = group.create_task(strangers())
        await writer.put(Key("/a/x"), b"2")
        told, errors = await survived(subscription)
        task.cancel()
        assert isinstance(told, Loaded)
        assert told.entries == {"/a/x": b"2"}
        assert [type(one) for one in errors] == [SourceMissed]


async def test_what_comes_all_the_time_is_never_taken_for_missed(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "SILENT_S", 0.1)
    proofs = 0
    prove = Prover.prove

    async def counted(*what: Any) -> None:
        nonlocal proofs
        await prove(*what)
        proofs += 1

    monkeypatch.setattr(Prover, "prove", counted)
    async with (
        opened(options(etcd)) as writer,
        watching(replace(options(etcd), reconcile_s=0.0)) as subscription,
        asyncio.TaskGroup() as group,
    ):
        await event(subscription)

        async def busy() -> None:
            for number in itertools.count():
                await writer.put(Key(f"/a/{number % 7}"), b"%d" % number)
                await writer.remove(Key(f"/b/{number % 3}"))
                await writer.put(Key(f"/b/{number % 5}"), b"%d" % number)

        task = group.create_task(busy())
        while proofs < 3:
            assert isinstance(await event(subscription), Changed)
        task.cancel()


async def test_a_watch_that_never_begins_falls_back_to_whole_pictures(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "CREATED_S", 0.0)
    monkeypatch.setattr(lookout_module, "POLL_S", 0.2)
    async with watching(options(etcd)) as subscription:
        await event(subscription)
        with pytest.raises(SourceUnavailable, match="does a proxy hold back"):
            await event(subscription)
        etcd.ctl("put", "/prod/a/x", "1")
        told = await event(subscription)
        assert isinstance(told, Loaded)
        assert told.entries == {"/a/x": b"1"}
        # From now on it is looked again and again, and no watch is tried for long.
        for command, entries in (
            (("put", "/prod/a/x", "2"), {"/a/x": b"2"}),
            (("put", "/prod/b/y", "3"), {"/a/x": b"2", "/b/y": b"3"}),
            (("del", "/prod/b/y"), {"/a/x": b"2"}),
        ):
            etcd.ctl(*command)
            told = await event(subscription)
            assert isinstance(told, Loaded)
            assert told.entries == entries


async def test_another_endpoint_takes_over(etcd: EtcdServer) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    how = replace(options(etcd), endpoints=(dead, etcd.url))
    async with watching(how) as subscription:
        assert isinstance(await event(subscription), Loaded)
        etcd.ctl("put", "/prod/a/x", "1")
        told, _ = await survived(subscription)
        assert isinstance(told, Changed)


async def no_leader(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer as a member that has lost its quorum."""
    told = (
        b'{"error":"etcdserver: no leader","message":"etcdserver: no leader","code":14}'
    )
    head = b"HTTP/1.1 503 x\r\nContent-Type: application/json\r\nConnection: close\r\n"
    await reader.readuntil(b"\r\n\r\n")
    writer.write(head + b"Content-Length: %d\r\n\r\n" % len(told) + told)
    await writer.drain()
    writer.close()


async def hung(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Take what is sent, and never answer."""
    await reader.read()
    writer.close()


@pytest.mark.parametrize("member", [no_leader, hung])
async def test_a_member_that_cannot_answer_is_not_where_one_begins_again(
    etcd: EtcdServer, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "CALL_S", 0.5)
    async with await asyncio.start_server(member, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        broken = f"http://127.0.0.1:{port}"
        how = replace(options(etcd), endpoints=(broken, etcd.url))
        async with watching(how) as subscription:
            told, errors = await survived(subscription)
            assert isinstance(told, Loaded)
            assert len(errors) == 1
        registrar = EtcdRegistrar(how)
        with pytest.raises(SourceUnavailable):
            async with registrar.open(30, None):
                pass
        async with registrar.open(30, None) as session:
            await session.renew()


async def test_a_stream_that_died_while_nothing_was_covered_is_made_anew(
    etcd: EtcdServer,
) -> None:
    async with watching(options(etcd)) as subscription:
        assert isinstance(await event(subscription), Loaded)
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(subscription.next())
            await asyncio.sleep(0.2)
            subscription.cover(frozenset())
            await asyncio.sleep(0.2)
            etcd.kill()
            etcd.start()
            subscription.cover(COVER)
        assert isinstance(waiting.result(), Loaded)
        etcd.ctl("put", "/prod/a/x", "2")
        told, errors = await survived(subscription)
        assert isinstance(told, Changed)
        assert errors == []


async def test_one_transaction_is_one_event(etcd: EtcdServer) -> None:
    async with watching(options(etcd)) as subscription:
        await event(subscription)
        for number in range(10):
            etcd.ctl(
                "txn", stdin=f"\nput /prod/a/x {number}\nput /prod/b/x {number}\n\n\n"
            )
            told = await event(subscription)
            assert isinstance(told, Changed)
            assert set(told.put) == {"/a/x", "/b/x"}


async def test_a_wide_range_of_strangers_is_split_and_still_joined(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "FOREIGN_KEYS", 5)
    monkeypatch.setattr(watch_module, "JOIN_S", 0.5)
    for number in range(20):
        etcd.ctl("put", f"/prod/aa/{number}", "1")
    async with watching(options(etcd)) as subscription:
        await event(subscription)
        etcd.ctl("txn", stdin="\nput /prod/a/x 1\nput /prod/b/x 1\n\n\n")
        told = await event(subscription)
        assert isinstance(told, Changed)
        assert set(told.put) == {"/a/x", "/b/x"}
        assert len(subscription._watch._streams) == 2


async def test_foreign_puts_tell_nothing(etcd: EtcdServer) -> None:
    async with watching(options(etcd)) as subscription:
        await event(subscription)
        for number in range(50):
            etcd.ctl("put", f"/prod/aa/{number}", "1")
        etcd.ctl("put", "/prod/b/x", "1")
        told = await event(subscription)
        assert isinstance(told, Changed)
        assert set(told.put) == {"/b/x"}


async def test_a_picture_of_many_pages_is_of_one_moment(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from confwatch.stores.etcd import listing

    monkeypatch.setattr(listing, "PAGE", 7)
    monkeypatch.setattr(listing, "MOST_PAGE", 7)
    async with opened(options(etcd)) as writer:
        for number in range(40):
            await writer.put(Key(f"/a/{number:02}"), b"1")
    async with watching(options(etcd)) as subscription:
        told = await event(subscription)
        assert isinstance(told, Loaded)
        assert len(told.entries) == 40


async def test_folder_markers_are_no_keys(etcd: EtcdServer) -> None:
    for key in ("/prod/a/", "/prod/a//x", "/prod/a/x"):
        etcd.ctl("put", key, "1")
    async with watching(options(etcd)) as subscription:
        told = await event(subscription)
        assert isinstance(told, Loaded)
        assert set(told.entries) == {"/a/x"}
        etcd.ctl("put", "/prod/b/", "1")
        etcd.ctl("put", "/prod/b/y", "1")
        told = await event(subscription)
        assert isinstance(told, Changed)
        assert set(told.put) == {"/b/y"}


def locked(etcd: EtcdServer) -> None:
    """Turn authentication on: root may do all, app only read below /prod/a/."""
    for command in (
        "user add root:rootpw",
        "user grant-role root root",
        "role add app",
        "role grant-permission app --prefix=true read /prod/a/",
        "user add app:apppw",
        "user grant-role app app",
        "auth enable",
    ):
        etcd.ctl(*command.split())
    etcd.ctl_options = ("--user=root:rootpw",)


async def test_a_user_sees_what_is_granted(etcd: EtcdServer) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    locked(etcd)
    how = replace(options(etcd), user="app", password=Secret("apppw"))
    async with watching(how, frozenset({Key("/a")})) as subscription:
        told = await event(subscription)
        assert isinstance(told, Loaded)
        assert told.entries == {"/a/x": b"1"}
        etcd.ctl("put", "/prod/a/y", "2")
        told = await event(subscription)
        assert isinstance(told, Changed)


async def test_a_silent_store_is_looked_at_where_we_may_read(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "SILENT_S", 0.1)
    etcd.ctl("put", "/prod/a/x", "1")
    locked(etcd)
    how = replace(options(etcd), user="app", password=Secret("apppw"), reconcile_s=0.0)
    async with watching(how, frozenset({Key("/a")})) as subscription:
        await event(subscription)
        before = subscription.moved_at()
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await subscription.next()
        assert subscription.moved_at() > before


async def test_a_denied_prefix_is_told_and_stops_no_other(etcd: EtcdServer) -> None:
    etcd.ctl("put", "/prod/a/x", "1")
    locked(etcd)
    how = replace(options(etcd), user="app", password=Secret("apppw"))
    denied = "/b: etcdserver: permission denied"
    async with watching(how) as subscription:
        told = await event(subscription)
        assert isinstance(told, Loaded)
        assert told.scope == {"/a"}
        with pytest.raises(SourceRejected, match=denied):
            await event(subscription)
        etcd.ctl("put", "/prod/a/x", "2")
        told = await event(subscription)
        assert isinstance(told, Changed)
        assert told.put == {"/a/x": b"2"}
        subscription.cover(frozenset({Key("/b")}))
        for _ in range(2):
            with pytest.raises(SourceRejected, match=denied):
                await event(subscription)
        root = ("role", "grant-permission", "app", "--prefix=true", "read", "/prod/b")
        etcd.ctl(*root)
        told = await event(subscription)
        assert isinstance(told, Loaded)
        assert told.scope == {"/b"}


async def test_a_wrong_password_is_refused_and_never_shown(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    locked(etcd)
    how = replace(options(etcd), user="app", password=Secret("wrong-secret"))
    async with watching(how) as subscription:
        with pytest.raises(SourceRejected) as caught:
            await event(subscription)
        assert "wrong-secret" not in str(caught.value)
    async with watching(options(etcd)) as subscription:
        with pytest.raises(SourceRejected, match="user name is empty"):
            await event(subscription)
    how = replace(how, password=None, password_file=tmp_path / "none")
    async with watching(how) as subscription:
        with pytest.raises(SourceRejected, match="password file"):
            await event(subscription)


async def test_a_token_that_died_with_a_restart_is_renewed(
    etcd: EtcdServer, tmp_path: Path
) -> None:
    locked(etcd)
    (tmp_path / "password").write_text("apppw\n")
    how = replace(options(etcd), user="app", password_file=tmp_path / "password")
    async with watching(how, frozenset({Key("/a")})) as subscription:
        await event(subscription)
        etcd.kill()
        etcd.start()
        etcd.ctl("put", "/prod/a/x", "1")
        told, _ = await survived(subscription)
        assert isinstance(told, Changed)


async def test_tls_trusts_its_authority_alone(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    theirs, ours = authority.issue_cert("127.0.0.1"), authority.issue_cert("us")
    theirs.private_key_pem.write_to_path(tmp_path / "server.key")
    theirs.cert_chain_pems[0].write_to_path(tmp_path / "server.pem")
    ours.private_key_pem.write_to_path(tmp_path / "our.key")
    ours.cert_chain_pems[0].write_to_path(tmp_path / "our.pem")
    server = EtcdServer(
        tmp_path / "etcd",
        f"--cert-file={tmp_path}/server.pem",
        f"--key-file={tmp_path}/server.key",
        f"--trusted-ca-file={tmp_path}/ca.pem",
        "--client-cert-auth",
        scheme="https",
    )
    server.ctl_options = (
        f"--cacert={tmp_path}/ca.pem",
        f"--cert={tmp_path}/our.pem",
        f"--key={tmp_path}/our.key",
    )
    with server:
        server.ctl("put", "/a/x", "1")
        how = Options((server.url,), ROOT, "etcds://it", ca=tmp_path / "ca.pem")
        mutual = replace(how, cert=tmp_path / "our.pem", key=tmp_path / "our.key")
        async with watching(mutual) as subscription:
            told = await event(subscription)
            assert isinstance(told, Loaded)
            assert told.entries == {"/a/x": b"1"}
        async with watching(how) as subscription:
            with pytest.raises(SourceError):
                await event(subscription)
        async with watching(replace(mutual, ca=None)) as subscription:
            with pytest.raises(SourceRejected, match="not to be trusted"):
                await event(subscription)
        async with watching(replace(how, ca=tmp_path / "none.pem")) as subscription:
            with pytest.raises(SourceRejected, match="certificate files"):
                await event(subscription)


async def test_a_line_of_six_megabytes_is_read(etcd: EtcdServer) -> None:
    large = b"x" * 1_000_000
    async with watching(options(etcd)) as subscription:
        await event(subscription)
        etcd.kill()
        etcd.start()
        async with opened(options(etcd)) as writer:
            for number in range(5):
                await writer.put(Key(f"/a/{number}"), large)
        put: dict[Key, bytes] = {}
        while len(put) < 5:
            told, _ = await survived(subscription)
            assert isinstance(told, Changed)
            put.update(told.put)
        assert set(put.values()) == {large}


async def test_a_watch_that_stands_is_no_sign_of_life_before_the_store_is_known_again(
    etcd: EtcdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[float] = []

    async def unanswered(*_: object) -> None:
        moved.append(subscription.moved_at())
        raise SourceUnavailable("etcd", "no answer in time")

    async with watching(options(etcd)) as subscription:
        await event(subscription)
        etcd.kill()
        etcd.start()
        with pytest.raises(SourceUnavailable):
            await event(subscription)
        failed_at = asyncio.get_running_loop().time()
        monkeypatch.setattr(subscription._prover, "recognize", unanswered)
        with pytest.raises(SourceUnavailable, match="no answer in time"):
            await event(subscription)
        assert [one for one in moved if one < failed_at] == moved != []
        monkeypatch.undo()
        etcd.ctl("put", "/prod/a/x", "1")
        assert isinstance((await survived(subscription))[0], Changed)
        assert subscription.moved_at() > failed_at
