"""What is refused in a resource, where, and in which words."""

import pytest

from confwatch.model.address import Literal
from tests.support.confdirs import ConfDir

TEMPLATE = "templates: [{src: a.j2, dest: /etc/a, keys: [/a]}]\n"
SERVICE = TEMPLATE + "services:\n  - "


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("templates: []", "templates: expected at least one template"),
        ("name: a\n", "templates"),
        ("templates: [{dest: /x}]", "src"),
        ("templates: [{src: /abs, dest: /x}]", "expected a path below templates/"),
        ("templates: [{src: ../x, dest: /x}]", "expected a path below templates/"),
        ("templates: [{src: x, dest: rel}]", "expected an absolute path of a file"),
        ("templates: [{src: x, dest: /x/}]", "expected an absolute path of a file"),
        ('templates: [{src: x, dest: /x, mode: "0888"}]', "expected an octal mode"),
        ("templates: [{src: x, dest: /x, mode: 10777}]", "expected an octal mode"),
        ("templates: [{src: x, dest: /x, owner: a b}]", "expected a name or number"),
        ("templates: [{src: x, dest: /x, kyes: [/a]}]", "keys"),
        (TEMPLATE + "prefix: [a]", "prefix"),
        (TEMPLATE + "store: other2", "other2"),
        (TEMPLATE + "check: ''", "expected a command or a list of its words"),
        (TEMPLATE + "check: {run: x, timeout: 5 sec}", 'expected a duration like "5s"'),
        (TEMPLATE + "check: {run: x, timeout: 0s}", "expected a duration above zero"),
        (TEMPLATE + "reload: {signal: HUP}", 'not available yet; use "run"'),
        (TEMPLATE + "metrics: {}", "metrics: not available yet"),
        (TEMPLATE + "on_stop: keep", "on_stop: is a setting"),
        (TEMPLATE + "reload: {}", "expected exactly one of run"),
        (TEMPLATE + "reload: {run: x, systemd: y}", "got run and systemd"),
        (TEMPLATE + "reload: x {{ src }}", "a reload comes after the move"),
        (TEMPLATE + "check_at: installed", "there is no check of the resource"),
        (TEMPLATE + "check: x\ncheck_at: later", "expected staged or installed"),
        (TEMPLATE + "quiet: {min: 2s, max: 1s}", "expected at least as long as min"),
        (TEMPLATE + "quiet: {min: 2s}", "max"),
        (TEMPLATE + "splay: -1s", 'expected a duration like "5s"'),
        (TEMPLATE + "splay: 9999h", "at most 366 days"),
        (TEMPLATE + "hold_on_empty: maybe", "expected doubt, true or false"),
        (TEMPLATE + "drift: yes", "repair or report"),
        (TEMPLATE + "reload_cmd: x", 'is named "reload" in YAML'),
        (TEMPLATE + "timeout: 5s", "belongs to a command"),
        (TEMPLATE + "name: a/b", "expected a name of letters"),
        (SERVICE + "{name: a}", "port"),
        (SERVICE + "{name: a, port: 0}", "expected a whole number from 1 to 65535"),
        (SERVICE + "{name: a, port: env:NONE}", "NONE is not set"),
        (SERVICE + "{name: a, port: env:EMPTY}", "EMPTY is not set, or empty"),
        (SERVICE + "{name: a, port: 1, ttl: 1s}", "expected at least 2s"),
        (SERVICE + "{name: a, port: 1, ttl: 9s, refresh: 5s}", "less than half of ttl"),
        (SERVICE + "{name: a, port: 1, id: a/b}", "expected an id of letters"),
        (SERVICE + "{name: a, port: 1, address: 0.0.0.0}", "means every address"),
        (SERVICE + "{name: a, port: 1, address: a b}", "expected an IP address"),
        (SERVICE + "{name: a, port: 1, protocol: sctp}", "tcp"),
        (SERVICE + "{name: a, port: 1, weight: 70000}", "65535"),
        (SERVICE + "{name: a, port: 1, meta: {a b: c}}", "expected a name of letters"),
        (
            SERVICE + "{name: a, port: 1, meta: {a: %s}}" % ("x" * 513),
            "at most 512 bytes",
        ),
        ("a: b: c", "mapping values are not allowed"),
        ("a:\n\tb: c", "tabs"),
        ("a: 1\na: 2", "'a' stands already in line 1"),
        ("a: !!int 1", "tags such as"),
        ("a: *x", "has no &x before it"),
        ("a: &x [*x]", "stands inside its own &x"),
        ("--- 1\n--- 2", "expected one document"),
        ("<<: 1", "<< expects a mapping"),
        ("[a]: b", "expected a text as the name"),
        ('a: "\\0"', "a NUL character"),
        ("a: \x01", "cannot stand in YAML"),
        ("a: " + "[" * 200 + "]" * 200, "nested deeper"),
        ("[1]", "expected a mapping"),
        ("", ""),
    ],
)
def test_it_is_refused_in_words_that_help(conf: ConfDir, text: str, told: str) -> None:
    problems = conf.write("web.yaml", text).told()
    assert problems, "nothing was refused"
    assert all(problem.startswith("web.yaml") for problem in problems)
    assert any(told in problem for problem in problems), problems


def test_every_problem_of_a_file_is_told_with_its_line(conf: ConfDir) -> None:
    text = "templates:\n  - {src: a, dest: b}\nsplay: x\nquiet: {min: 1s, max: 0s}\n"
    lines = [problem.split(":")[1] for problem in conf.write("web.yaml", text).told()]
    assert sorted(lines) == ["2", "3", "4"]


def test_texts_stay_what_was_written(conf: ConfDir) -> None:
    text = """
        templates: [{src: a, dest: /a, mode: 0644, owner: no, group: 7, keys: [/a]}]
        services: [{name: web, port: "80", tags: [no, 1:30, 0x1f], meta: {a: yes}}]
        """
    resource = conf.write("web.yaml", text).only()
    (template,), (service,) = resource.templates, resource.services
    assert (template.mode, template.owner, template.group) == (0o644, "no", 7)
    assert service.tags == ("no", "1:30", "0x1f")
    assert service.meta == {"a": "yes"}
    assert service.id == "web-host1-80"


def test_anchors_and_merges_work(conf: ConfDir) -> None:
    text = """
        templates:
          - &first {src: a, dest: /a, keys: [/a], mode: "0600"}
          - {<<: *first, dest: /b}
        """
    one, two = conf.write("web.yaml", text).only().templates
    assert (one.dest, two.dest, two.mode) == ("/a", "/b", 0o600)


def test_commands_are_written_in_three_ways(conf: ConfDir) -> None:
    text = TEMPLATE + (
        "check: [nginx, -t, -c, '{{ src }}']\n"
        "reload: {run: systemctl reload nginx, timeout: 5s, min_interval: 0}\n"
    )
    resource = conf.write("web.yaml", text).only()
    assert resource.check is not None
    assert resource.check.run == ("nginx", "-t", "-c", "{{ src }}")
    assert resource.reload is not None
    assert resource.reload.command.timeout_s == 5
    assert resource.reload.min_interval_s == 0


def test_a_check_that_sees_no_stage_is_warned_of(conf: ConfDir) -> None:
    assert (
        "judges what is installed"
        in conf.write("web.yaml", TEMPLATE + "check: nginx -t\n").warned()[0]
    )
    other = "services: [{name: My_Web, port: 1}]\n"
    (conf.path / "web.yaml").unlink()
    assert "not a DNS label" in conf.write("b.yaml", TEMPLATE + other).warned()[0]


def test_keys_of_other_stores_are_named(conf: ConfDir) -> None:
    text = "templates: [{src: a, dest: /a, keys: [/b, 'other:/c']}]\nprefix: /p\n"
    (template,) = conf.write("web.yaml", text).only().templates
    assert [tuple(ref) for ref in template.keys] == [
        ("main", "/p/b"),
        ("other", "/p/c"),
    ]


def test_the_machine_fills_in_what_it_knows(conf: ConfDir) -> None:
    text = (
        SERVICE
        + "{name: a, port: env:PORT, address: env:POD_IP, id: '{{ hostname }}-x', protocol: udp}\n"
    )
    (service,) = conf.write("web.yaml", text).only().services
    assert (service.port, service.address, service.id) == (
        8080,
        (Literal("10.0.0.5"),),
        "host1-x",
    )
