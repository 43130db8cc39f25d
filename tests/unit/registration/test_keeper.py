"""What a keeper does while its store does not answer."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from confwatch.contracts import Claim
from confwatch.errors import SourceUnavailable
from confwatch.model.address import Literal
from confwatch.model.facts import Fact, RegistrationState
from confwatch.model.keys import Key
from confwatch.model.service import LeaseState, Record, Service
from confwatch.registration.keeper import Ending, Keeper, Place
from confwatch.registration.leases import Leases
from confwatch.state.records import FileRecords
from tests.support.waiting import until

SERVICE = Service("web", "web-1", 80, (Literal("10.0.0.5"),), ttl_s=0.3, refresh_s=0.05)


class FakeStore:
    """A registrar that a test switches off; it keeps the promises of a real one."""

    def __init__(self) -> None:
        self.down = False
        self.keys: set[Key] = set()
        self.detached = False

    @asynccontextmanager
    async def open(
        self, _ttl_s: float, _resume: LeaseState | None
    ) -> AsyncIterator["FakeStore"]:
        """Be the session as well."""
        self._answer()
        try:
            yield self
        finally:
            if not self.detached:
                self._answer()
                self.keys.clear()

    @property
    def state(self) -> LeaseState:
        """Return what the next start needs."""
        return LeaseState("fake", "1", 0.3, tuple(sorted(self.keys)), "", "")

    @property
    def ttl_s(self) -> float:
        """As it was asked for."""
        return self.state.ttl_s

    @property
    def standing(self) -> Mapping[Key, str]:
        """Know of nothing."""
        return {}

    async def put(self, record: Record, _claim: Claim) -> bool:
        """Keep a record."""
        self._answer()
        self.keys.add(record.key)
        return True

    async def recall(self) -> frozenset[Key]:
        """Tell what stands, or fail."""
        return frozenset(self.state.keys)

    async def withdraw(self, key: Key) -> None:
        """Drop a record."""
        self._answer()
        self.keys.discard(key)

    async def renew(self) -> None:
        """Confirm."""
        self._answer()

    def detach(self) -> None:
        """Leave the records standing."""
        self.detached = True

    def _answer(self) -> None:
        if self.down:
            raise SourceUnavailable("fake", "down")


@contextmanager
def keeping(folder: Path) -> Iterator[tuple[Keeper, FakeStore]]:
    store = FakeStore()
    told: list[Fact] = []
    leases = Leases(FileRecords(folder))
    keeper = Keeper(Place("main", store, None), 0.3, leases, told.append)
    keeper.hold({"web-1": SERVICE}, {"web-1": True})
    yield keeper, store


async def test_after_a_ttl_without_an_answer_nobody_says_up(tmp_path: Path) -> None:
    with keeping(tmp_path) as (keeper, store):
        async with asyncio.TaskGroup() as group:
            group.create_task(keeper.run())
            await until(lambda: keeper.states["web-1"] is RegistrationState.UP)
            store.down = True
            await until(lambda: keeper.states["web-1"] is RegistrationState.REGISTERING)
            store.down = False
            await until(lambda: keeper.states["web-1"] is RegistrationState.UP)
            keeper.end(Ending.WITHDRAW)
        assert store.keys == set()


async def test_a_stop_withdraws_as_soon_as_the_store_is_back(tmp_path: Path) -> None:
    with keeping(tmp_path) as (keeper, store):
        async with asyncio.TaskGroup() as group:
            group.create_task(keeper.run())
            await until(lambda: keeper.states["web-1"] is RegistrationState.UP)
            store.down = True
            keeper.end(Ending.WITHDRAW)
            await until(lambda: "web-1" in keeper.errors)
            assert store.keys
            store.down = False
        assert store.keys == set()


async def test_a_cancelled_keeper_ends_although_its_store_is_down(
    tmp_path: Path,
) -> None:
    with keeping(tmp_path) as (keeper, store):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keeper.run())
            await until(lambda: keeper.states["web-1"] is RegistrationState.UP)
            store.down = True
            task.cancel()
        assert task.cancelled()
        assert store.keys
