"""What a service may say of itself, and what of that is refused."""

from pathlib import Path

import pytest

from confwatch.config.host import Host
from confwatch.config.known import Announcing
from confwatch.config.resources import ResourceSet, load_resources
from confwatch.model.address import Auto, Interface, Literal, Network
from confwatch.model.health import (
    ExecCheck,
    FileCheck,
    HealthCheck,
    HttpCheck,
    Status,
    TcpCheck,
)
from confwatch.model.keys import Key
from confwatch.model.service import (
    CustomRecord,
    Drain,
    Flap,
    Format,
    Gate,
    OnConflict,
    OnDown,
    Service,
)
from tests.support.confdirs import ConfDir

TEMPLATE = "templates: [{src: a.j2, dest: %s, keys: [/a]}]\n"


def block(*services: str, dest: str = "/etc/a") -> str:
    """Write a resource; its services begin in line 3, one a line."""
    lines = "".join(f"  - {{{one}}}\n" for one in services)
    return TEMPLATE % dest + "services:\n" + lines


def one(conf: ConfDir, fields: str) -> Service:
    (service,) = (
        conf.write("web.yaml", block(f"name: web, port: 80, {fields}")).only().services
    )
    return service


def test_the_whole_block_is_understood(conf: ConfDir, tmp_path: Path) -> None:
    text = (
        TEMPLATE % "/etc/a"
        + """
services:
  - id: web-1
    name: web
    store: [main, other]
    address: ["env:NONE", "iface:eth1[1]", "cidr:10.0.0.0/8", auto]
    allow_loopback: true
    port: env:PORT
    protocol: udp
    tags: [v1]
    meta: {version: "1.4"}
    weight: 10
    ttl: 30s
    refresh: 8s
    initial: warning
    format: consul
    prefix: /announced
    gate: {check_failed: withdraw, reload_failed: keep, accept_existing: no}
    checks:
      - {http: "http://127.0.0.1:8080/healthz", expect_status: "200-399", expect_body: ok, interval: 5s, timeout: 1s, rise: 2, fall: 3}
      - {tcp: "[::1]:8080", interval: 1s}
      - {exec: [/bin/sh, -c, exit 1], warn_codes: [1], interval: 10s, rise: 1, fall: 2}
      - {file: run/web.ready, max_age: 60s}
    on_down: mark
    drain: {wait: 5s, file: run/drain, deregister_timeout: 3s}
    conflict: refuse
    flap: {max_changes: 4, per: 30s}
"""
    )
    here, there = conf.write("web.yaml", text).only().services
    checks = (
        HealthCheck(
            HttpCheck("http://127.0.0.1:8080/healthz", ((200, 399),), "ok"),
            interval_s=5,
            timeout_s=1,
            rise=2,
            fall=3,
        ),
        HealthCheck(TcpCheck("::1", 8080), interval_s=1),
        HealthCheck(
            ExecCheck(("/bin/sh", "-c", "exit 1"), (1,)),
            interval_s=10,
            timeout_s=5,
            fall=2,
        ),
        HealthCheck(FileCheck(str(tmp_path / "run/web.ready"), 60)),
    )
    assert here == Service(
        name="web",
        id="web-1",
        port=8080,
        address=(Interface("eth1", None, 1), Network("10.0.0.0/8"), Auto()),
        allow_loopback=True,
        protocol="udp",
        tags=("v1",),
        meta={"version": "1.4"},
        weight=10,
        ttl_s=30,
        refresh_s=8,
        initial=Status.WARNING,
        format=Format.CONSUL,
        prefix=Key("/announced"),
        store="main",
        gate=Gate(
            keep_on_check_failed=False,
            keep_on_reload_failed=True,
            accept_existing=False,
        ),
        checks=checks,
        on_down=OnDown.MARK,
        drain=Drain(5, str(tmp_path / "run/drain"), 3),
        on_conflict=OnConflict.REFUSE,
        flap=Flap(4, 30),
    )
    assert there.store == "other"
    assert there.checks == checks


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("auto", (Auto(),)),
        ("10.0.0.5", (Literal("10.0.0.5"),)),
        ("2001:db8::1", (Literal("2001:db8::1"),)),
        ("web.example", (Literal("web.example"),)),
        ("env:POD_IP", (Literal("10.0.0.5"),)),
        ("iface:eth0", (Interface("eth0"),)),
        ("iface:eth0:inet6", (Interface("eth0", 6),)),
        ("iface:br-0.5:inet[2]", (Interface("br-0.5", 4, 2),)),
        ("cidr:2001:db8::/64", (Network("2001:db8::/64"),)),
        ("[iface:eth0, auto]", (Interface("eth0"), Auto())),
        ("[env:NONE, 10.0.0.9]", (Literal("10.0.0.9"),)),
    ],
)
def test_addresses_are_rules(conf: ConfDir, text: str, rules: object) -> None:
    written = text if text[0] == "[" else f'"{text}"'
    assert one(conf, f"address: {written}").address == rules


def test_each_format_brings_its_ways(conf: ConfDir) -> None:
    assert one(conf, "format: registrator").id == "host1:web:80"
    assert one(conf, "format: registrator, protocol: udp").id == "host1:web:80:udp"
    skydns = one(conf, "format: skydns, domain: Cluster.local.")
    assert (skydns.prefix, skydns.domain) == ("/skydns", "cluster.local")
    custom = one(conf, "format: custom, key: '/x/{{ id }}', value: ''")
    assert custom.custom == CustomRecord("/x/{{ id }}", "")


def test_a_name_that_coredns_takes_for_every_name_is_refused(conf: ConfDir) -> None:
    conf.write("web.yaml", block("name: any, port: 80, format: skydns, domain: a"))
    (problem,) = loaded(conf).problems
    assert "name: is what CoreDNS takes for every name" in str(problem)


def test_status_codes_are_ranges_or_lists_of_them(conf: ConfDir) -> None:
    checks = "checks: [{http: 'http://a/', expect_status: [200, '300-399,404']}]"
    (check,) = one(conf, checks).checks
    assert isinstance(check.probe, HttpCheck)
    assert check.probe.expect_status == ((200, 200), (300, 399), (404, 404))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("prot: 1", 'prot: unknown field; did you mean "port"?'),
        ("timeout: 1s", "timeout: belongs to an entry of checks"),
        ("store: []", "store: expected the name of a store"),
        ("store: [main, main]", 'store[1]: "main" stands already in this list'),
        ("store: mian", 'no store is named "mian"'),
        ("store: flat", 'store: store "flat" cannot hold leases'),
        ("address: []", "address: expected an IP address"),
        ("address: 10.0.0.256", "address: expected an IP address"),
        ("address: 'fe80::1%eth0'", "address: expected an IP address"),
        ("address: a-", "address: expected an IP address"),
        ("address: '::'", "address: :: means every address"),
        ("address: env:NONE", "address: the environment variable NONE is not set"),
        ("address: [env:NONE, env:EMPTY]", "[1]: none of these variables is set"),
        ("address: 'iface:'", "address: expected iface:eth0"),
        ("address: 'iface:eth0:ipv6'", "address: expected iface:eth0"),
        ("address: 'iface:eth0[-1]'", "address: expected iface:eth0"),
        ("address: 'iface:much-too-long-name'", "address: expected iface:eth0"),
        ("address: 'cidr:10.0.0.0/33'", 'expected cidr:10.0.0.0/8, got "cidr:10'),
        ("address: 'cidr:10.1.0.0/8'", "did you mean cidr:10.0.0.0/8?"),
        ("meta: {MANY}", "meta: expected at most 64 names"),
        ("format: custom, key: /a, value: [a]", "value: expected a single value"),
        ("refresh: 100ms", "refresh: expected at least 200ms"),
        ("initial: critical", "initial: expected one of down, warning, up"),
        ("format: jason", "format: expected one of json, registrator, skydns"),
        ("format: nerve", "that one comes with ZooKeeper"),
        ("format: skydns", "domain: is missing: format skydns needs it"),
        ("format: skydns, domain: a..b", "domain: expected a domain like"),
        ("domain: a.b", "domain: belongs to format: skydns"),
        ("format: skydns, domain: a, id: '{id}-'".format(id="x" * 63), "no DNS label"),
        ("format: skydns, domain: a, weight: 0", "weight: expected 1 to 65535"),
        ("format: custom, key: /a", "value: is missing: format custom needs it"),
        ("format: custom, value: a", "key: is missing: format custom needs it"),
        ("key: /a", "key: belongs to format: custom"),
        ("gate: {check_failed: no}", "gate.check_failed: expected keep or withdraw"),
        ("gate: {chek_failed: keep}", 'did you mean "check_failed"?'),
        ("on_down: maintenance", "maintenance comes with Consul"),
        ("on_down: hide", "on_down: expected delete or mark"),
        ("on_down: mark, format: registrator", "has no room for a status"),
        ("conflict: fight", "conflict: expected takeover or refuse"),
        ("flap: {max_changes: 0}", "a whole number from 1 to 10000"),
        ("flap: {per: 0s}", "flap.per: expected a duration above zero"),
        ("drain: {wait: 5}", 'drain.wait: expected a duration like "5s"'),
        ("drain: {file: run/}", "drain.file: expected the path of a file"),
    ],
)
def test_a_service_is_refused(conf: ConfDir, fields: str, told: str) -> None:
    fields = fields.replace("MANY", ", ".join(f"a{n}: b" for n in range(65)))
    conf.write("web.yaml", block(f"name: web, port: 80, {fields}"))
    (problem,) = loaded(conf).problems
    assert problem.line == 3
    assert told in str(problem)


def test_checks_follow_the_port(conf: ConfDir) -> None:
    checks = "{http: 'http://127.0.0.1:{{ port }}/'}, {tcp: '{{ hostname }}:{{port}}'}"
    (service,) = (
        conf.write("web.yaml", block(f"name: web, port: env:PORT, checks: [{checks}]"))
        .only()
        .services
    )
    assert [one.probe for one in service.checks] == [
        HttpCheck("http://127.0.0.1:8080/"),
        TcpCheck("host1", 8080),
    ]


def test_every_wrong_check_is_told(conf: ConfDir) -> None:
    checks = "{http: 'ftp://a/'}, {tcp: 'a:0'}, {exec: [a/b]}"
    conf.write("web.yaml", block(f"name: web, port: 80, checks: [{checks}]"))
    assert len(conf.told()) == 3


@pytest.mark.parametrize(
    ("check", "told"),
    [
        ("{}", "expected exactly one of http, tcp, exec, file, got none"),
        ("{htp: x}", 'got none; did you mean "http"?'),
        ("{tcp: 'a:1', file: /a}", "got tcp and file"),
        ("tcp", 'expected a mapping, got "tcp"'),
        ("{tcp: 'a:0'}", "tcp: expected a whole number from 1 to 65535"),
        ("{tcp: ':80'}", "tcp: expected HOST:PORT"),
        ("{tcp: '::1:80'}", "tcp: expected HOST:PORT"),
        ("{tcp: '[10.0.0.1]:80'}", "tcp: expected HOST:PORT"),
        ("{tcp: '10.0.0.256:80'}", "tcp: expected an IP address or the name"),
        ("{tcp: '{{ ports }}:80'}", "only {{ hostname }} and {{ port }} can be"),
        ("{http: 'http://[zz]/'}", "a URL with a host"),
        ("{http: 'http://[10.0.0.1]/'}", "a URL with a host"),
        ("{http: 'http://-a/'}", "a URL with a host"),
        ("{http: [a]}", "expected a URL, got a list"),
        ("{tcp: 'a:80', intervall: 1s}", 'did you mean "interval"?'),
        ("{tcp: 'a:80', expect_body: x}", "belongs to http checks"),
        ("{tcp: 'a:80', interval: 10ms}", "at least 100ms"),
        ("{tcp: 'a:80', timeout: 0s}", "a duration above zero"),
        ("{tcp: 'a:80', rise: 0}", "rise: expected a whole number from 1 to 1000"),
        ("{tcp: 'a:80', fall: 1001}", "fall: expected a whole number from 1 to 1000"),
        ("{http: ftp://a/}", "begins with http:// or https://"),
        ("{http: 'http:///x'}", "a URL with a host"),
        ("{http: 'http://a:99999/'}", "a port from 1 to 65535"),
        ("{http: 'http://a/ b'}", "without blanks"),
        ("{http: 'http://a/#b'}", "without a #fragment"),
        ("{http: 'http://a/', expect_status: ok}", "status codes like"),
        ("{http: 'http://a/', expect_status: 399-200}", "status codes like"),
        ("{http: 'http://a/', expect_status: []}", "at least one status code"),
        ("{exec: /bin/true}", "expected a list of words"),
        ("{exec: []}", "expected a program and its words"),
        ("{exec: [bin/true]}", "expected an absolute path, or a name on PATH"),
        ("{exec: [/bin/true], warn_codes: [0]}", "a whole number from 1 to 255"),
        ("{file: ''}", "expected the path of a file"),
        ("{file: /a, max_age: 0}", "a duration above zero"),
    ],
)
def test_a_check_is_refused(conf: ConfDir, check: str, told: str) -> None:
    conf.write("web.yaml", block(f"name: web, port: 80, checks: [{check}]"))
    (problem,) = loaded(conf).problems
    assert problem.line == 3
    assert problem.field.startswith("services[0].checks[0]")
    assert told in str(problem)


def test_a_password_in_a_url_is_not_repeated(conf: ConfDir) -> None:
    for url in ("ftp://u:hunter2@a/", "http://u:hunter2@/", "http://u:hunter2@a/ b"):
        conf.write("web.yaml", block(f"name: a, port: 1, checks: [{{http: '{url}'}}]"))
        (problem,) = conf.told()
        assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ("ttl: 5s", "ttl: below 10s"),
        ("address: 127.0.0.1", "reached from this machine alone"),
        ("address: [10.0.0.1, auto]", "[1]: is never tried: 10.0.0.1"),
        ("format: registrator, weight: 5", "weight: format registrator has no room"),
        ("format: registrator, tags: [a]", "tags: format registrator has no room"),
        ("format: skydns, domain: a, meta: {a: b}", "meta: format skydns has no room"),
        ("checks: [{exec: [no-such-program]}]", "no-such-program cannot be run here"),
        ("checks: [{tcp: 'a:1', timeout: 9s}]", "timeout: is longer than interval"),
    ],
)
def test_a_service_is_warned_of_once(conf: ConfDir, fields: str, told: str) -> None:
    conf.write("web.yaml", block(f"name: web, port: 80, {fields}"))
    (warning,) = conf.warned()
    assert warning.startswith("web.yaml:3: services[0].")
    assert told in warning


def test_loopback_may_be_meant(conf: ConfDir) -> None:
    service = one(conf, "address: 127.0.0.1, allow_loopback: true")
    assert service.allow_loopback
    assert conf.warned() == []


def test_a_name_that_is_no_dns_label_is_refused_for_skydns_alone(conf: ConfDir) -> None:
    conf.write("web.yaml", block("name: My_Web, port: 80"))
    assert "is not a DNS label" in conf.warned()[0]
    conf.write("web.yaml", block("name: My_Web, port: 80, format: skydns, domain: a"))
    assert "name: expected a DNS label" in conf.told()[0]


def test_a_container_id_as_host_name_is_warned_of(conf: ConfDir) -> None:
    conf.write("web.yaml", block("name: a, port: 80", "name: b, port: 81, id: b"))
    (warning,) = loaded(conf, Host("9124853ff0d1", {}, 0, 0)).warnings
    assert warning.line == 3
    assert "looks like a container's" in warning.problem


def test_ids_are_unique_below_their_name_in_their_store(conf: ConfDir) -> None:
    other = "name: b, port: 80, id: x"
    conf.write("a.yaml", block("name: a, port: 80, id: x", other))
    text = block("name: a, port: 81, id: x, store: other", dest="/etc/b")
    conf.write("b.yaml", text)
    assert conf.told("main", "other") == []
    conf.write("b.yaml", text.replace("other", "[other, main]"))
    assert conf.told("main", "other") == [
        "b.yaml:3: services[0].id: main:a/x is already the id in a.yaml:3"
    ]


def test_two_services_cannot_have_one_record(conf: ConfDir) -> None:
    first = "name: a, port: 80, id: x-1, format: skydns, domain: a"
    conf.write(
        "a.yaml", block(first, "name: a, port: 80, id: x.1, format: skydns, domain: a")
    )
    assert conf.told() == [
        "a.yaml:4: services[1].id: main:/skydns/a/a/x-1 is already the record in a.yaml:3"
    ]
    conf.write("a.yaml", block("name: a, port: 80, prefix: /s, id: x"))
    conf.write(
        "b.yaml",
        block(
            "name: a, port: 80, prefix: /s, id: x, format: registrator", dest="/etc/b"
        ),
    )
    assert "main:a/x is already the id" in conf.told()[0]


def test_the_documented_block_can_be_used(conf: ConfDir) -> None:
    page = Path(__file__).parents[3] / "docs/registration.md"
    blocks = page.read_text().split("```yaml\n")[1:]
    for written in blocks:
        conf.write("web.yaml", TEMPLATE % "/etc/a" + written.split("```")[0])
        assert loaded(conf).problems == ()
    assert len(blocks) == 3


def loaded(conf: ConfDir, host: Host | None = None) -> ResourceSet:
    """Load with a store that holds no leases."""
    return load_resources(
        conf.path,
        stores=["main", "other", "flat"],
        host=host or Host("host1", {"EMPTY": ""}, 0, 0),
        announcing=Announcing(["flat"]),
    )
