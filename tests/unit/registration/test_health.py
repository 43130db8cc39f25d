"""When services are asked, and who hears of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from confwatch.model.health import FileCheck, HealthCheck, Status, TcpCheck
from confwatch.model.service import Service, ServiceRef
from confwatch.registration.health import Healths
from confwatch.registration.probes import PASSED, Answer, Probes, http_client
from tests.support.fake_time import jumping
from tests.support.waiting import until

FAST_S = 0.02


class Heard:
    """Who was told of, with what status then."""

    def __init__(self) -> None:
        self.healths: Healths
        self.told: list[tuple[ServiceRef, Status | None]] = []

    def tell(self, ref: ServiceRef) -> None:
        """Note it."""
        self.told.append((ref, self.healths.status(ref)))


@asynccontextmanager
async def opened() -> AsyncIterator[Heard]:
    heard = Heard()
    async with http_client() as http, asyncio.TaskGroup() as group:
        heard.healths = Healths(heard.tell, group, http)
        yield heard
        heard.healths.set_services(())


def looks(path: Path, **fields: int) -> HealthCheck:
    return HealthCheck(FileCheck(str(path)), interval_s=FAST_S, **fields)


def service(*checks: HealthCheck) -> Service:
    return Service("web", "web-1", 80, checks=checks)


async def test_a_service_without_checks_is_well() -> None:
    async with opened() as heard:
        heard.healths.set_services([service()])
        assert heard.healths.status(service().ref) is Status.PASSING
        assert heard.healths.problem(service().ref) is None


async def test_a_service_that_nobody_asks_about_has_no_status() -> None:
    async with opened() as heard:
        assert heard.healths.status(service().ref) is None
        assert heard.healths.problem(service().ref) is None


async def test_a_change_is_told_once_with_its_reason(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    web = service(looks(ready, rise=2, fall=2))
    async with opened() as heard:
        heard.healths.set_services([web])
        assert heard.healths.status(web.ref) is None
        await until(lambda: len(heard.told) == 1)
        assert heard.healths.problem(web.ref) == f"{ready}: No such file or directory"
        ready.touch()
        await until(lambda: len(heard.told) == 2)
        assert heard.healths.problem(web.ref) is None
    assert heard.told == [(web.ref, Status.CRITICAL), (web.ref, Status.PASSING)]


@pytest.mark.parametrize("initial", [Status.PASSING, Status.WARNING])
async def test_a_service_is_what_it_is_taken_for_until_its_verdict(
    tmp_path: Path, initial: Status
) -> None:
    web = replace(service(looks(tmp_path / "ready", fall=2)), initial=initial)
    async with opened() as heard:
        heard.healths.set_services([web])
        assert heard.healths.status(web.ref) is initial
        await until(lambda: heard.told)
    assert heard.told == [(web.ref, Status.CRITICAL)]


async def test_all_checks_must_pass(tmp_path: Path) -> None:
    here, gone = tmp_path / "here", tmp_path / "gone"
    here.touch()
    web = service(looks(here), looks(gone, fall=1))
    async with opened() as heard:
        heard.healths.set_services([web])
        await until(lambda: heard.told)
        assert heard.told == [(web.ref, Status.CRITICAL)]
        assert str(gone) in (heard.healths.problem(web.ref) or "")
        gone.touch()
        await until(lambda: len(heard.told) == 2)
        assert heard.told[1] == (web.ref, Status.PASSING)


async def test_a_check_that_stays_keeps_its_verdict(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.touch()
    web = service(looks(ready))
    async with opened() as heard:
        heard.healths.set_services([web])
        await until(lambda: heard.told)
        heard.healths.set_services([replace(web, port=81, ttl_s=30)])
        assert heard.healths.status(web.ref) is Status.PASSING
        heard.healths.set_services([replace(web, checks=(looks(ready, rise=2),))])
        assert heard.healths.status(web.ref) is None
        await until(lambda: heard.healths.status(web.ref))


async def test_stores_share_what_is_asked_alike(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.touch()
    here = service(looks(ready))
    there = replace(here, store="other")
    apart = replace(here, store="third", checks=(looks(tmp_path / "gone", fall=1),))
    async with opened() as heard:
        heard.healths.set_services([here, there, apart])
        await until(lambda: len(heard.told) == 3)
    assert dict(heard.told) == {
        here.ref: Status.PASSING,
        there.ref: Status.PASSING,
        apart.ref: Status.CRITICAL,
    }


async def test_nothing_is_asked_of_a_service_that_is_gone(tmp_path: Path) -> None:
    async with opened() as heard:
        heard.healths.set_services([service(looks(tmp_path / "ready"))])
        tasks = [one for one in asyncio.all_tasks() if "check web" in one.get_name()]
        heard.healths.set_services(())
        await asyncio.wait(tasks)
    assert len(tasks) == 1


class Asked:
    """Notes when checks are asked, on a clock that jumps; answers after *taking_s*."""

    def __init__(self, patch: pytest.MonkeyPatch, taking_s: float) -> None:
        self.at: list[float] = []
        self.running = self.most = 0

        async def ask(_: Probes, __: HealthCheck, ___: Mapping[str, str]) -> Answer:
            self.at.append(asyncio.get_running_loop().time())
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(taking_s)
            self.running -= 1
            return PASSED

        patch.setattr(Probes, "ask", ask)

    def watch(self, services: list[Service], seconds: float) -> None:
        """Ask *services* for so many seconds."""

        async def work() -> None:
            async with opened() as heard:
                heard.healths.set_services(services)
                await asyncio.sleep(seconds)

        jumping(work())


CHECK = HealthCheck(TcpCheck("127.0.0.1", 1), interval_s=5.0)


def test_many_checks_do_not_begin_at_one_instant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = Asked(monkeypatch, 0.0)
    asked.watch([replace(service(CHECK), id=f"web-{n}") for n in range(500)], 15.0)
    begun = asked.at[0]
    assert asked.at[499] - begun <= 1.0
    later = [at for at in asked.at if at - begun > 6.0]
    fullest = max(
        sum(1 for at in later if begin <= at < begin + 0.1)
        for begin in (begun + 6.0 + n / 10 for n in range(90))
    )
    assert fullest < 50


def test_a_check_is_asked_from_start_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, 2.0)
    asked.watch([service(CHECK)], 60.0)
    gaps = [round(b - a, 6) for a, b in zip(asked.at[1:], asked.at[2:], strict=False)]
    assert set(gaps) == {5.0}


def test_runs_of_a_check_never_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Asked(monkeypatch, 12.0)
    asked.watch([service(CHECK)], 120.0)
    assert asked.most == 1
    gaps = [round(b - a, 6) for a, b in zip(asked.at[1:], asked.at[2:], strict=False)]
    assert set(gaps) == {15.0}
