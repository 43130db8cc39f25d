"""What templates find announced."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from confwatch.errors import RenderError
from confwatch.mirror.mirror import Mirror
from confwatch.model.events import Changed, Loaded, Revision
from confwatch.model.health import Status
from confwatch.model.keys import ROOT, Key, Ref
from confwatch.model.resource import Resource, Template
from confwatch.model.service import Format, Service
from confwatch.registration.formats import Formats
from confwatch.render.custom import RecordTexts
from confwatch.render.functions.services import MOST_FOLDERS
from confwatch.render.limits import Limits
from confwatch.render.reads import Recorder
from confwatch.render.renderer import Renderer
from tests.support.rendering import Kitchen

LIST = "{% for s in services('web') %}{{ s.id }}={{ s.endpoint }} {% endfor %}"


def record(**facts: object) -> str:
    return json.dumps({"address": "10.0.0.1", "port": 80, **facts})


def rendered(folder: Path, keys: Mapping[str, str], text: str) -> str:
    return Kitchen(folder, keys).render(text).decode()


def test_records_of_any_format_are_found_sorted_by_id(tmp_path: Path) -> None:
    web = Service(name="web", id="d", port=81)
    keys = {"/services/web/a": "10.0.0.1:80"}
    for own, written in (("c", Format.CONSUL), ("d", Format.JSON)):
        service = replace(web, id=own, format=written)
        made = Formats(RecordTexts()).record(service, "2001:db8::1", Status.PASSING)
        keys[made.key] = made.value.decode()
    keys["/services/web/n"] = '{"host":"h","port":3,"name":"m","labels":{"az":"a"}}'
    keys["/services/web/z"] = record(id="b")
    assert rendered(tmp_path, keys, LIST) == (
        "a=10.0.0.1:80 b=10.0.0.1:80 c=[2001:db8::1]:81 d=[2001:db8::1]:81 n=h:3 "
    )


def test_what_was_written_for_coredns_is_found_by_its_domain(tmp_path: Path) -> None:
    service = Service(
        name="web",
        id="W.1",
        port=81,
        weight=7,
        format=Format.SKYDNS,
        prefix=Key("/skydns"),
        domain="cluster.local",
    )
    made = Formats(RecordTexts()).record(service, "10.0.0.1", Status.PASSING)
    text = (
        "{% for s in services('web', domain='Cluster.local.') %}"
        "{{ s.id }} {{ s.endpoint }} {{ s.weight }}{% endfor %}"
    )
    assert rendered(tmp_path, {made.key: made.value.decode()}, text) == (
        "w-1 10.0.0.1:81 7"
    )


def test_every_field_can_be_printed(tmp_path: Path) -> None:
    keys = {
        "/services/web/a": record(
            protocol="udp", tags=["x", "y"], meta={"v": "1"}, weight=5
        )
    }
    text = (
        "{% for s in services('web') %}{{ s.name }} {{ s.id }} {{ s.address }}"
        " {{ s.port }} {{ s.protocol }} {{ s.tags|join(',') }} {{ s.meta.v }}"
        " {{ s.weight }} {{ s.status }}{% endfor %}"
    )
    assert rendered(tmp_path, keys, text) == "web a 10.0.0.1 80 udp x,y 1 5 passing"


def test_only_passing_ones_are_given_unless_others_are_asked_for(
    tmp_path: Path,
) -> None:
    keys = {
        f"/services/web/{status[0]}": record(status=status)
        for status in ("passing", "warning", "critical")
    }
    ids = "{{ services('web'%s)|map(attribute='id')|join }}"
    assert rendered(tmp_path, keys, ids % "") == "p"
    assert rendered(tmp_path, keys, ids % ", status='any'") == "cpw"
    assert rendered(tmp_path, keys, ids % ", status='critical'") == "c"


def test_a_tag_chooses(tmp_path: Path) -> None:
    keys = {
        "/services/web/a": record(tags=["v1"]),
        "/services/web/b": record(tags=["v2", "v1"]),
        "/services/web/c": record(),
    }
    ids = "{{ services('web', tag='%s')|map(attribute='id')|join }}"
    assert rendered(tmp_path, keys, ids % "v1") == "ab"
    assert rendered(tmp_path, keys, ids % "v2") == "b"
    assert rendered(tmp_path, keys, ids % "v") == ""


def test_a_record_that_cannot_be_understood_is_left_out_and_named(
    tmp_path: Path,
) -> None:
    keys = {
        "/services/web/a": "10.0.0.1:80",
        "/services/web/b": "what?",
        "/services/web/c": record(port="80"),
        "/services/web/d/e": "10.0.0.1:80",
    }
    mirror, recorder = Mirror("main"), Recorder()
    entries = {Key(key): value.encode() for key, value in keys.items()}
    mirror.apply(Loaded(frozenset({ROOT}), Revision("1"), entries))
    (tmp_path / "t.j2").write_text(LIST)
    resource = Resource("r", "r.yaml", (Template("t.j2", "/t"),))
    for _ in range(2):  # what is remembered is named too
        recorder = Recorder()
        renderer = Renderer(tmp_path, Limits())
        made = renderer.render(resource, {"main": mirror}, recorder)
        assert made.files[0].content == b"a=10.0.0.1:80 "
    assert recorder.skipped == {
        Ref("main", Key("/services/web/b")): "is neither HOST:PORT nor a JSON object",
        Ref("main", Key("/services/web/c")): (
            "is not as its format says: Expected `int`, got `str` - at `$.port`"
        ),
    }


def test_of_two_records_with_one_id_the_first_by_key_is_it(tmp_path: Path) -> None:
    keys = {"/services/web/b": record(id="x", port=1), "/services/web/c": "h:3"}
    keys["/services/web/d"] = record(id="x", port=2)
    kitchen = Kitchen(tmp_path, keys)
    kitchen.write("t.j2", LIST)
    recorder = Recorder()
    mirrors = {"main": kitchen.mirror}
    made = kitchen.renderer.render(kitchen.resource, mirrors, recorder)
    assert made.files[0].content == b"c=h:3 x=10.0.0.1:1 "
    assert recorder.skipped == {
        Ref("main", Key("/services/web/d")): "has the id of /services/web/b"
    }


def test_the_prefix_of_the_resource_does_not_touch_it(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path, {"/services/web/a": "10.0.0.1:80"})
    assert kitchen.render(LIST, "/prod") == b"a=10.0.0.1:80 "
    assert kitchen.reads.globs == {Ref("main", Key("/services/web/*"))}


def test_it_reads_below_the_registration_prefix(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path, {"/reg/istry/web/a": "10.0.0.1:80"})
    kitchen.renderer = Renderer(tmp_path, Limits(), Key("/reg/istry"))
    assert kitchen.render(LIST) == b"a=10.0.0.1:80 "


def test_another_store_is_named_before_the_service(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path, {"/services/web/a": "10.0.0.1:80"})
    other = replace(kitchen.resource, store="other")
    mirrors = {"main": kitchen.mirror, "other": Mirror("other")}
    kitchen.write("t.j2", LIST.replace("web", "main:web"))
    made = kitchen.renderer.render(other, mirrors, Recorder())
    assert made.files[0].content == b"a=10.0.0.1:80 "


def test_what_is_not_covered_yet_is_asked_for(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path, {}, scope="/nginx")
    assert kitchen.render(LIST) == b""
    assert kitchen.reads.uncovered == {Ref("main", Key("/services/web"))}


def test_a_record_is_read_once_a_change_and_not_on_each_render(tmp_path: Path) -> None:
    keys = {f"/services/web/{n}": f"10.0.0.1:{n}" for n in range(1, 10)}
    kitchen = Kitchen(tmp_path, keys)
    first = kitchen.render(LIST)
    announced = kitchen.renderer._services
    assert announced.decoded == 9
    assert kitchen.again() == kitchen.render(LIST + LIST)[: len(first)] == first
    assert announced.decoded == 9
    put = {Key("/services/web/3"): b"10.0.0.2:3"}
    kitchen.mirror.apply(Changed(Revision("2"), put, frozenset()))
    assert b"3=10.0.0.2:3" in kitchen.again()
    assert announced.decoded == 10
    gone = frozenset({Key("/services/web/3")})
    kitchen.mirror.apply(Changed(Revision("3"), {}, gone))
    assert b"3=" not in kitchen.again()
    assert announced.decoded == 10


def test_what_is_remembered_stays_bounded_however_many_names_are_asked(
    tmp_path: Path,
) -> None:
    kitchen = Kitchen(tmp_path, {"/services/n0/a": "h:1"})
    text = "{% for n in range(1, 1100) %}{{ services('n%d' % n)|length }}{% endfor %}"
    kitchen.render("{{ services('n0')|length }}" + text)
    announced = kitchen.renderer._services
    assert len(announced._folders) == MOST_FOLDERS
    assert kitchen.render("{{ services('n0')|length }}") == b"1"
    assert announced.decoded == 2


def test_a_service_that_nobody_announced_is_an_empty_list(tmp_path: Path) -> None:
    assert rendered(tmp_path, {}, "{{ services('web')|length }}") == "0"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{{ services('') }}", "expected a service's name"),
        ("{{ services('a/b') }}", "expected a service's name"),
        ("{{ services(1) }}", "name must be text"),
        ("{{ services('web', tag=['a']) }}", "tag must be text"),
        ("{{ services('web', domain=1) }}", "domain must be text"),
        ("{{ services('web', status='up') }}", "passing, warning, critical, any"),
        ("{{ services('web', tags='a') }}", "unexpected keyword argument 'tags'"),
        ("{{ services('web') }}", "cannot print a list"),
        ("{{ services('web')[0] }}", "print its .address, .port or .endpoint"),
        ("{{ services('web')[0].adress }}", "no attribute 'adress'"),
        ("{{ services('web')[0].meta.x }}", "has no attribute 'x'"),
        ("{% set _ = services('web')[0].meta.update({}) %}", "no attribute 'update'"),
    ],
)
def test_what_cannot_be_asked_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(RenderError, match=told):
        rendered(tmp_path, {"/services/web/a": "10.0.0.1:80"}, text)


def test_fields_are_read_without_asking_the_sandbox(tmp_path: Path) -> None:
    kitchen = Kitchen(tmp_path, {"/services/web/a": record(tags=["x"])})
    kitchen.render(
        "{% for s in services('web') %}{{ s.id }}{{ s.name }}{{ s.endpoint }}"
        "{{ s.status }}{{ s.address }}{% endfor %}"
    )
    assert kitchen.renderer.environment.questions == 0
