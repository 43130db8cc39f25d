"""Names that templates look up, asked about beside the renders."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from confwatch.errors import RenderError
from confwatch.model.facts import PassResult
from confwatch.model.reads import Name
from confwatch.pipeline import lookups
from confwatch.pipeline.street import Bringing, opened
from confwatch.render.functions.names import Answer, Service
from tests.support import bench as bench_module
from tests.support.bench import Bench, bench
from tests.support.waiting import until

WEB = Name("ip", "web.example")
ALL = '{{ lookupIP("web.example") | join(" ") }}'


class Servers:
    """Name servers that a test speaks for; they keep the promises of ``look_up``."""

    def __init__(self) -> None:
        self.answers: dict[Name, Answer] = {}
        self.asked: list[Name] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.bug: Exception | None = None

    def look_up(self, name: Name) -> Answer:
        """Answer, or raise where there is nobody."""
        self.asked.append(name)
        self.may_answer.wait(5)
        if self.bug is not None:
            raise self.bug
        if name not in self.answers:
            raise OSError("nobody answers")
        return self.answers[name]


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Servers:
    """Be the name servers of the street."""
    made = Servers()
    monkeypatch.setattr(lookups.Lookups.__init__, "__defaults__", (made.look_up,))
    return made


@asynccontextmanager
async def refreshing(folder: Path) -> AsyncIterator[Bench]:
    """Hold a street that asks again all the time."""
    often = Bringing(dns_refresh_s=0.05)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            bench_module, "opened", lambda *args: opened(*args, bringing=often)
        )
        async with bench(folder) as on:
            yield on


async def test_a_changed_answer_renders_again(tmp_path: Path, servers: Servers) -> None:
    servers.answers[WEB] = ("10.0.0.1",)
    async with refreshing(tmp_path) as on:
        await on.street.set_resources(
            [on.resource("web", ALL), on.resource("other", "{{ 1 }}")]
        )
        await on.holds("web", "10.0.0.1")
        servers.answers[WEB] = ("10.0.0.1", "10.0.0.2")
        await on.holds("web", "10.0.0.1 10.0.0.2")
        assert len(on.passes("other")) == 1
        servers.answers[WEB] = ()  # it exists no more
        await on.holds("web", "")


async def test_no_answer_keeps_the_last_one(tmp_path: Path, servers: Servers) -> None:
    servers.answers[WEB] = ("10.0.0.1",)
    async with refreshing(tmp_path) as on:
        await on.street.set_resources([on.resource("web", ALL)])
        await on.holds("web", "10.0.0.1")
        servers.answers.clear()
        asked = len(servers.asked)
        await until(lambda: len(servers.asked) >= asked + 3)
        assert (on.out / "web").read_text() == "10.0.0.1"
        assert not on.passes("web", PassResult.FAILED)


async def test_a_first_lookup_without_an_answer_is_an_error_and_holds_up_nobody(
    tmp_path: Path, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "WAIT_S", 0.2)
    servers.may_answer.clear()
    servers.answers[WEB] = ("10.0.0.1",)
    async with bench(tmp_path) as on:
        await on.street.set_resources([on.resource("web", ALL)])
        await on.street.set_resources(
            [on.resource("web", ALL), on.resource("other", "{{ 1 }}")]
        )
        await on.holds("other", "1")
        await on.ended("web", PassResult.FAILED)
        error = on.passes("web", PassResult.FAILED)[0].error
        assert isinstance(error, RenderError)
        assert "no answer about web.example from DNS" in str(error)
        assert len(servers.asked) == 1
        servers.may_answer.set()
        await on.holds("web", "10.0.0.1")


async def test_services_are_found_by_their_whole_name(
    tmp_path: Path, servers: Servers
) -> None:
    record = Service("a.example.", 80, 1, 2)
    servers.answers[Name("srv", "_http._tcp.example")] = (record,)
    text = '{% for s in lookupSRV("http", "tcp", "example") %}{{ s.Target }}:{{ s.Port }}{% endfor %}'
    async with bench(tmp_path) as on:
        await on.street.set_resources([on.resource("web", text)])
        await on.holds("web", "a.example.:80")


async def test_a_bug_in_a_look_up_breaks_its_resource_and_no_other(
    tmp_path: Path, servers: Servers
) -> None:
    servers.bug = ZeroDivisionError("a bug")
    async with bench(tmp_path) as on:
        await on.street.set_resources(
            [on.resource("web", ALL), on.resource("other", "{{ 1 }}")]
        )
        await on.ended("web", PassResult.BROKEN)
        assert on.passes("web", PassResult.BROKEN)[0].error is servers.bug
        await on.holds("other", "1")


async def test_many_names_are_asked_about_by_few_threads_and_all_are_answered(
    tmp_path: Path, servers: Servers
) -> None:
    names = [f"{number}.example" for number in range(3 * lookups.AT_ONCE)]
    servers.answers |= {Name("ip", name): (name,) for name in names}
    servers.may_answer.clear()
    text = f'{{% for n in {names} %}}{{{{ lookupIP(n) | join("") }}}} {{% endfor %}}'
    async with bench(tmp_path) as on:
        await on.street.set_resources([on.resource("web", text)])
        await until(lambda: len(servers.asked) == lookups.AT_ONCE)
        await on.calm()
        assert len(servers.asked) == lookups.AT_ONCE
        servers.may_answer.set()
        await on.holds("web", "".join(f"{name} " for name in names))
        assert len(servers.asked) == len(names)


async def test_a_name_that_is_read_no_more_is_asked_about_no_more_and_forgotten(
    tmp_path: Path, servers: Servers
) -> None:
    kept = Name("ip", "kept.example")
    servers.answers |= {WEB: ("10.0.0.1",), kept: ("10.0.0.2",)}
    async with refreshing(tmp_path) as on:
        web = on.resource("web", ALL)
        other = on.resource("other", '{{ lookupIP("kept.example") | first }}')
        await on.street.set_resources([web, other])
        await on.holds("web", "10.0.0.1")
        await on.holds("other", "10.0.0.2")
        await on.street.set_resources([other])
        seen = servers.asked.count(kept)
        await until(lambda: servers.asked.count(kept) >= seen + 2)
        asked = servers.asked.count(WEB)
        await until(lambda: servers.asked.count(kept) >= seen + 4)
        assert servers.asked.count(WEB) == asked
        del servers.answers[WEB]
        await on.street.set_resources([web, other])
        await on.ended("web", PassResult.FAILED)
