"""confd's TOML: every row of its contract, and where we say more than it does."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from confwatch.config.go_commands import verbatim
from confwatch.config.settings import Settings
from confwatch.config.store_settings import StoreSettings
from confwatch.config.store_url import parse_store_url
from confwatch.daemon import declared
from confwatch.model.keys import ROOT, Key, Ref
from confwatch.model.resource import (
    Command,
    HoldOnEmpty,
    Quiet,
    Reload,
    Resource,
    Template,
)
from confwatch.render.commands import CommandValues, fill
from tests.support.confdirs import ConfDir

BASE = '[template]\nsrc = "web.tmpl"\ndest = "/etc/web.conf"\nkeys = ["/web"]\n'
"""Four lines without any warning; what a test is about begins on line 5."""


def with_lines(conf: ConfDir, *lines: str) -> ConfDir:
    return conf.write("web.toml", BASE + "\n".join(lines) + "\n")


def template(conf: ConfDir, *lines: str) -> Template:
    (one,) = with_lines(conf, *lines).only().templates
    return one


def filled(command: Command | None) -> str:
    """Return the line that the shell gets."""
    assert command is not None
    values = CommandValues("/etc/.web 1", "/etc/web.conf", {}, ("/etc/web.conf",))
    shell, flag, line = fill(command, values)
    assert (shell, flag) == ("/bin/sh", "-c")
    return line


def test_a_key_knows_its_line_and_is_no_other_key_where_that_moves(
    conf: ConfDir,
) -> None:
    (one,) = conf.write("web.toml", BASE).only().templates
    assert one.key_lines == (4,)
    (moved,) = conf.write("web.toml", f"\n{BASE}").only().templates
    assert moved.key_lines == (5,)
    assert moved == one


def test_a_whole_file_means_what_confd_means(conf: ConfDir) -> None:
    conf.like_confd("0.41").write(
        "sub/web.toml",
        """
        [template]
        src = "nginx.tmpl"
        dest = "/etc/nginx.conf"
        keys = ["/services", "nginx/"]
        prefix = "/prod"
        mode = "0644"
        uid = 33
        gid = 34
        check_cmd = "nginx -t -c {{.src}}"
        check_cmd_timeout = "1m30s"
        reload_cmd = "nginx -s reload"
        reload_cmd_timeout = "5s"
        min_reload_interval = "10s"
        debounce = "2s"
        """,
    )
    assert conf.only() == Resource(
        name="sub.web",
        file=str(conf.path / "sub/web.toml"),
        templates=(
            Template(
                src="nginx.tmpl",
                dest="/etc/nginx.conf",
                keys=(
                    Ref("main", Key("/prod/services")),
                    Ref("main", Key("/prod/nginx")),
                ),
                mode=0o644,
                owner=33,
                group=34,
                check=Command("nginx -t -c {{ src }}", 90.0, quoted=False),
            ),
        ),
        prefix=Key("/prod"),
        reload=Reload(Command("nginx -s reload", 5.0, quoted=False), 10.0),
        quiet=Quiet(2.0, 20.0),
        hold_on_empty=HoldOnEmpty.NEVER,
        only_keys=True,
        dialect="go",
    )
    assert conf.warned() == []


def test_what_is_left_out_is_as_confd_has_it(conf: ConfDir) -> None:
    resource = with_lines(conf).only()
    assert resource.templates == (
        Template(
            "web.tmpl",
            "/etc/web.conf",
            keys=(Ref("main", Key("/web")),),
            owner=1000,
            group=1001,
        ),
    )
    assert (resource.name, resource.prefix, resource.store) == ("web", ROOT, "main")
    assert (resource.check, resource.reload, resource.quiet) == (None, None, None)
    assert conf.warned() == []


def test_the_only_store_is_taken_whatever_its_name(conf: ConfDir) -> None:
    (one,) = with_lines(conf).load("etcd").resources
    assert (one.store, one.templates[0].keys) == ("etcd", (Ref("etcd", Key("/web")),))


def test_without_a_store_named_main_among_several_it_is_told(conf: ConfDir) -> None:
    assert with_lines(conf).told("a", "b") == [
        'web.toml: store: no store is named "main" (known: a, b)'
    ]


# Which files, and their shape.


def test_names_are_taken_in_any_case(conf: ConfDir) -> None:
    conf.write("web.toml", BASE.replace("template", "Template").replace("src", "SRC"))
    assert conf.only().templates[0].src == "web.tmpl"
    assert conf.warned() == []


def test_a_name_in_two_cases_is_refused(conf: ConfDir) -> None:
    assert with_lines(conf, 'Src = "other.tmpl"').told() == [
        "web.toml:5: template.Src: is already there as src"
    ]
    conf.write("web.toml", BASE + '[Template]\nsrc = "x"\n')
    assert conf.told() == ["web.toml:5: Template: is already there as template"]


def test_files_that_only_confd_reads_are_told(conf: ConfDir) -> None:
    for name in (".web.toml", "xtoml", ".toml", "web.toml~", "web.TOML", ".git/a.toml"):
        conf.write(name, "")
    told = "confd would read it, we do not: name it *.toml, without a leading dot"
    assert conf.warned() == [
        f"{name}: {told}" for name in (".toml", ".web.toml", "xtoml")
    ]
    assert conf.load().resources == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "web.toml: expected a table [template], got none"),
        ('a = "b"\n', "web.toml: expected a table [template], got none"),
        (
            BASE.replace("[template]", "[[template]]") + "[[template]]\n",
            (
                "web.toml:1: template: expected one table [template], got a list of them:"
                " one file, one target"
            ),
        ),
        (
            "template = 5\n",
            "web.toml:1: template: expected a table [template], got 5",
        ),
        (
            "[template]\n",
            [
                "web.toml:1: template.dest: is missing",
                "web.toml:1: template.src: is missing",
            ],
        ),
    ],
)
def test_one_table_named_template_is_needed(
    conf: ConfDir, text: str, told: str | list[str]
) -> None:
    expected = [told] if isinstance(told, str) else told
    assert conf.write("web.toml", text).told() == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            BASE + "mode = 0644\n",
            "web.toml:5: is not TOML: Expected newline or end of document",
        ),
        (BASE + "mode = ", "web.toml: is not TOML: Invalid value at the end"),
        (BASE + f"x = {'[' * 9000}", "web.toml: is nested too deeply"),
        (BASE + f"x = {'9' * 9000}\n", "web.toml: is not TOML: Exceeds the limit"),
        (
            BASE + f"uid = 0x{'f' * 9000}\n",
            "web.toml: is not TOML: the number of template.uid is beyond 64 bits",
        ),
    ],
)
def test_what_is_no_toml_disables_its_file(conf: ConfDir, text: str, told: str) -> None:
    conf.write("good.toml", BASE)
    (problem,) = conf.write("web.toml", text).told()
    assert problem.startswith(told)
    assert [one.name for one in conf.load().resources] == ["good"]


def test_a_file_s_name_must_be_fit_for_a_resource(conf: ConfDir) -> None:
    (told,) = conf.write("my web.toml", BASE).told()
    assert told.startswith("my web.toml: expected the file to have a name of letters,")
    assert told.endswith('got "my web"')


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("mode = 420", "mode: expected a string, got 420"),
        ('keys = "/app"', 'keys: expected a list, got "/app"'),
        ('keys = ["/a", 1]', "keys[1]: expected a string, got 1"),
        ('uid = "0"', 'uid: expected a whole number, got "0"'),
        ("gid = 0.0", "gid: expected a whole number, got 0.0"),
        ("uid = true", "uid: expected a whole number, got true"),
        ("uid = -2", "uid: expected a number from 0 to 4294967294, or -1, got -2"),
        (
            "gid = 4294967295",
            "gid: expected a number from 0 to 4294967294, or -1, got 4294967295",
        ),
        ("src = 1979-05-27", "src: expected a string, got 1979-05-27"),
        ("dest = false", "dest: expected a string, got false"),
        ("prefix = 1", "prefix: expected a string, got 1"),
        ("owner = 33", "owner: expected a string, got 33"),
        ("group = 33", "group: expected a string, got 33"),
        ('check_cmd = ["nginx", "-t"]', "check_cmd: expected a string, got a list"),
        ("reload_cmd = {run = 1}", "reload_cmd: expected a string, got a mapping"),
        ("check_cmd_timeout = 30", "check_cmd_timeout: expected a string, got 30"),
        ("reload_cmd_timeout = 30", "reload_cmd_timeout: expected a string, got 30"),
        ("min_reload_interval = 1", "min_reload_interval: expected a string, got 1"),
        ("debounce = 2", "debounce: expected a string, got 2"),
        ("output_format = 1", "output_format: expected a string, got 1"),
        (
            'reload_cmd = "a\\u0000"',
            "reload_cmd: expected a string without NUL, got one with it",
        ),
    ],
)
def test_types_are_strict(conf: ConfDir, line: str, told: str) -> None:
    name = line.split(maxsplit=1)[0]
    kept = [one for one in BASE.splitlines() if not one.startswith(f"{name} ")]
    conf.write("web.toml", "\n".join([*kept, line]))
    assert conf.told() == [f"web.toml:{len(kept) + 1}: template.{told}"]


def test_every_wrong_field_is_told(conf: ConfDir) -> None:
    assert with_lines(conf, "mode = 420", 'uid = "0"').told() == [
        "web.toml:5: template.mode: expected a string, got 420",
        'web.toml:6: template.uid: expected a whole number, got "0"',
    ]


def test_a_line_is_found_in_its_own_table(conf: ConfDir) -> None:
    text = '[backend]\nmode = "x"\n  [ template ]\n  "mode" = 1\n'
    assert (
        conf.write("web.toml", text).told()[0].startswith("web.toml:4: template.mode")
    )


def test_a_line_that_is_not_found_is_its_table_s(conf: ConfDir) -> None:
    conf.write("web.toml", '\ntemplate = {src = "a", dest = "/b", mode = 1}\n')
    assert conf.told() == ["web.toml:2: template.mode: expected a string, got 1"]
    conf.write("web.toml", 'template.src = "a"\ntemplate.dest = 5\n')
    assert conf.told() == ["web.toml:2: template.dest: expected a string, got 5"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (
            'reload_comd = "x"',
            (
                "template.reload_comd: unknown, and ignored as confd does;"
                ' did you mean "reload_cmd"?'
            ),
        ),
        ("zzz = 1", "template.zzz: unknown, and ignored as confd does"),
        (
            "[templates]",
            'templates: unknown, and ignored as confd does; did you mean "template"?',
        ),
        ('[backend]\nbackend = "etcd"', "backend: ignored: the store comes from the"),
        ("FileMode = 420", "template.FileMode: ignored: confd takes it by accident"),
        ('StageFile = "x"', "template.StageFile: ignored: confd takes it by accident"),
        ('PGPPrivateKey = ""', "template.PGPPrivateKey: ignored: confd takes it by"),
    ],
)
def test_what_confd_ignores_in_silence_is_told(
    conf: ConfDir, line: str, told: str
) -> None:
    (warned,) = with_lines(conf, line).warned()
    assert warned.startswith(f"web.toml:5: {told}")


def test_a_field_outside_the_table_is_told_where_it_belongs(conf: ConfDir) -> None:
    conf.write("web.toml", 'Mode = "0600"\n' + BASE)
    assert conf.warned() == ["web.toml:1: Mode: ignored: belongs below [template]"]
    assert conf.only().templates[0].mode is None


# src and dest.


@pytest.mark.parametrize(
    ("src", "path"),
    [("a.tmpl", "a.tmpl"), ("/sub//a", "sub/a"), ("./a", "a"), ("b/../a", "a")],
)
def test_a_source_is_joined_below_templates(conf: ConfDir, src: str, path: str) -> None:
    conf.write("web.toml", BASE.replace("web.tmpl", src))
    assert conf.only().templates[0].src == path


@pytest.mark.parametrize("src", ["", "/", ".", "..", "../a", "/../a", "a/../../b"])
def test_a_source_has_no_way_out(conf: ConfDir, src: str) -> None:
    assert conf.write("web.toml", BASE.replace("web.tmpl", src)).told() == [
        (
            "web.toml:2: template.src: expected a path below templates/, without ..,"
            f' got "{src}"'
        )
    ]


@pytest.mark.parametrize("dest", ["", "web.conf", "./web.conf"])
def test_a_target_must_be_absolute(conf: ConfDir, dest: str) -> None:
    assert conf.write("web.toml", BASE.replace("/etc/web.conf", dest)).told() == [
        (
            "web.toml:3: template.dest: expected an absolute path of a file (confd takes a"
            f' relative one from the folder it was started in), got "{dest}"'
        )
    ]


def test_a_target_is_a_file(conf: ConfDir) -> None:
    assert conf.write("web.toml", BASE.replace("/etc/web.conf", "/etc/")).told() == [
        'web.toml:3: template.dest: expected an absolute path of a file, got "/etc/"'
    ]


def test_a_target_has_one_resource_in_whatever_language(
    conf: ConfDir, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    dests = [tmp_path / "web.conf", tmp_path / "link/web.conf"]
    conf.write("a.yaml", f"templates: [{{src: a.j2, dest: {dests[0]}}}]\n")
    conf.write("b.toml", BASE.replace("/etc/web.conf", str(dests[1])))
    (told,) = conf.told()
    assert told.startswith("b.toml:3: template.dest: ")
    assert told.endswith("web.conf is already the dest in a.yaml:1")


def test_a_name_has_one_resource_in_whatever_language(conf: ConfDir) -> None:
    conf.write("web.toml", BASE)
    conf.write("web.yaml", "templates: [{src: a.j2, dest: /etc/other}]\n")
    (told,) = conf.told()
    assert told.endswith("name: web is already the name in web.toml")


@pytest.mark.parametrize(
    ("src", "dialect"),
    [
        ("a.tmpl", "go"),
        ("a.conf", "go"),
        ("a.j2.tmpl", "go"),
        ("a.j2", "jinja"),
        ("a.jinja", "jinja"),
        ("a.jinja2", "jinja"),
    ],
)
def test_the_source_s_ending_tells_its_language(
    conf: ConfDir, src: str, dialect: str
) -> None:
    conf.write("web.toml", BASE.replace("web.tmpl", src))
    assert conf.only().dialect == dialect


# keys and prefix.


@pytest.mark.parametrize(
    ("key", "whole"),
    [
        ("/a", "/app/a"),
        ("a/", "/app/a"),
        ("//a//b/", "/app/a/b"),
        ("/", "/app"),
        ("", "/app"),
        ("a/./b/../c", "/app/a/c"),
        ("main:/a", "/app/main:/a"),
    ],
)
def test_a_key_is_joined_as_a_path(conf: ConfDir, key: str, whole: str) -> None:
    conf.write(
        "web.toml",
        f'[template]\nsrc = "a"\ndest = "/b"\nprefix = "app"\nkeys = ["{key}"]\n',
    )
    assert conf.only().templates[0].keys == (Ref("main", Key(whole)),)


def test_a_key_does_not_lead_out_of_its_prefix(conf: ConfDir) -> None:
    conf.write(
        "web.toml", BASE.replace('"/web"', '"/a", "../app2"') + 'prefix = "/app"\n'
    )
    assert conf.told() == [
        'web.toml:4: template.keys[1]: expected a key below the prefix, got "../app2"'
    ]


@pytest.mark.parametrize(("line", "at"), [("keys = []\n", 4), ("", 1)])
def test_no_keys_is_no_error_but_told(conf: ConfDir, line: str, at: int) -> None:
    conf.write("web.toml", BASE.replace('keys = ["/web"]\n', line))
    assert conf.warned() == [
        f"web.toml:{at}: template.keys: names no key, so the template sees none"
    ]
    resource = conf.only()
    assert (resource.templates[0].keys, resource.only_keys) == ((), True)


@pytest.mark.parametrize(
    ("compat", "everywhere", "own", "prefix"),
    [
        ("0.16", "/", "", "/"),
        ("0.16", "/", "app", "/app"),
        ("0.16", "/", "/app//x/", "/app/x"),
        ("0.16", "/prod", "", "/prod"),
        ("0.16", "/prod", "/app", "/prod"),
        ("0.41", "/", "/app", "/app"),
        ("0.41", "/prod", "", "/prod"),
        ("0.41", "/prod", "app", "/prod/app"),
    ],
)
def test_the_two_prefixes_meet_as_in_the_version_meant(
    conf: ConfDir, compat: str, everywhere: str, own: str, prefix: str
) -> None:
    with_lines(conf.like_confd(compat, everywhere), f'prefix = "{own}"')
    resource = conf.only()
    assert resource.prefix == prefix
    whole = Key(f"{prefix.rstrip('/')}/web")
    assert resource.templates[0].keys == (Ref("main", whole),)


def test_a_prefix_has_no_way_up(conf: ConfDir) -> None:
    assert with_lines(conf, 'prefix = "/a/../b"').told() == [
        (
            "web.toml:5: template.prefix: expected a key without . and .. between its"
            ' slashes, got "/a/../b"'
        )
    ]


# mode and owner.


@pytest.mark.parametrize(
    ("text", "bits"),
    [
        ("0644", 0o644),
        ("0o644", 0o644),
        ("0O644", 0o644),
        ("0x1a4", 0o644),
        ("0X1A4", 0o644),
        ("0b110100100", 0o644),
        ("0_644", 0o644),
        ("0x_1a_4", 0o644),
        ("0", 0),
        ("0777", 0o777),
    ],
)
def test_a_mode_is_read_as_go_does(conf: ConfDir, text: str, bits: int) -> None:
    assert template(conf, f'mode = "{text}"').mode == bits
    assert conf.warned() == []


@pytest.mark.parametrize(
    "text",
    [
        "rw-r--r--",
        "0648",
        "0o8",
        "0x",
        "0xg",
        "0b2",
        "_644",
        "0644_",
        "0__644",
        "-644",
        "+644",
        " 0644",
        "64a",
        "٦٤٤",
        "6_",
    ],
)
def test_a_mode_that_go_cannot_read_is_refused(conf: ConfDir, text: str) -> None:
    assert with_lines(conf, f'mode = "{text}"').told() == [
        f'web.toml:5: template.mode: expected a mode like "0644", got "{text}"'
    ]


def test_a_mode_has_32_bits(conf: ConfDir) -> None:
    assert with_lines(conf, 'mode = "0x100000000"').told() == [
        (
            "web.toml:5: template.mode: expected a mode of at most 32 bits,"
            ' got "0x100000000"'
        )
    ]


@pytest.mark.parametrize(
    ("text", "bits", "told"),
    [
        (
            "644",
            0o204,
            'confd reads "644" as decimal, which makes it 0204; did you mean "0644"?',
        ),
        ("420", 0o644, 'confd reads "420" as decimal, which makes it 0644; did you'),
        ("489", 0o751, 'confd reads "489" as decimal, which makes it 0751'),
        ("04755", 0o755, "only permissions are kept, which makes it 0755"),
    ],
)
def test_a_mode_that_may_surprise_is_told(
    conf: ConfDir, text: str, bits: int, told: str
) -> None:
    assert template(conf, f'mode = "{text}"').mode == bits
    (warned,) = conf.warned()
    assert warned.startswith(f"web.toml:5: template.mode: {told}")
    assert ("did you mean" in warned) == ("did you" in told)


def test_an_owner_is_a_number_or_the_process(conf: ConfDir) -> None:
    one = template(conf, "uid = 0", "gid = -1")
    assert (one.owner, one.group) == (0, 1001)
    one = template(conf, "uid = -1", "gid = 4294967294")
    assert (one.owner, one.group) == (1000, 4294967294)


def test_a_named_owner_counts_where_no_number_does(conf: ConfDir) -> None:
    conf.like_confd("0.41")
    one = template(conf, "uid = -1", 'owner = "www-data"', 'group = "adm"')
    assert (one.owner, one.group) == ("www-data", "adm")
    assert conf.warned() == []


def test_a_number_comes_before_a_name(conf: ConfDir) -> None:
    lines = ("uid = 0", 'owner = "www-data"', "gid = 7", 'group = "adm"')
    one = template(conf.like_confd("0.41"), *lines)
    assert (one.owner, one.group) == (0, 7)
    told = "not used: the number that is given as well comes first"
    assert conf.warned() == [
        f"web.toml:6: template.owner: {told}",
        f"web.toml:8: template.group: {told}",
    ]


def test_a_named_owner_is_more_than_the_original_does(conf: ConfDir) -> None:
    one = template(conf, 'owner = "www-data"', 'group = "adm"')
    assert (one.owner, one.group) == ("www-data", "adm")
    told = "used, though confd 0.16 ignores it and knows numbers only"
    assert conf.warned() == [
        f"web.toml:5: template.owner: {told}",
        f"web.toml:6: template.group: {told}",
    ]


@pytest.mark.parametrize("name", ["owner", "group"])
def test_a_name_is_no_number(conf: ConfDir, name: str) -> None:
    assert with_lines(conf, f'{name} = "33"').told() == [
        (
            f"web.toml:5: template.{name}: expected a name (a number is given by uid or"
            ' gid), got "33"'
        )
    ]


# check_cmd and reload_cmd.


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("nginx -t -c {{.src}}", "nginx -t -c /etc/.web 1"),
        ("cp {{ .src }} '{{  .src}}'", "cp /etc/.web 1 '/etc/.web 1'"),
        ("{{.src}}}", "/etc/.web 1}"),
        (
            "{{.src}}{{.src}} }} {% x %} {# y #}",
            "/etc/.web 1" * 2 + " }} {% x %} {# y #}",
        ),
        (
            "a={{.src}}; echo ${#a} ${a%.*} {a,b}",
            "a=/etc/.web 1; echo ${#a} ${a%.*} {a,b}",
        ),
    ],
)
def test_a_check_inserts_the_staged_file_unquoted(
    conf: ConfDir, written: str, line: str
) -> None:
    assert filled(template(conf, f'check_cmd = "{written}"').check) == line
    assert conf.warned() == []


@pytest.mark.parametrize(
    "action",
    [
        "{{.dest}}",
        "{{.Src}}",
        "{{src}}",
        "{{ src }}",
        "{{if .src}}",
        "{{- .src -}}",
        "{{/* x */}}",
        "{{ .src | html }}",
        "{{.src",
        "{{{.src}}",
        "{{}}",
    ],
)
def test_a_check_inserts_nothing_else(conf: ConfDir, action: str) -> None:
    assert with_lines(conf, f'check_cmd = "x {action}"').told() == [
        (
            "web.toml:5: template.check_cmd: expected no Go template action but {{.src}},"
            f' got "{action}"'
        )
    ]


def test_a_check_that_looks_elsewhere_is_told(conf: ConfDir) -> None:
    assert with_lines(conf, 'check_cmd = "nginx -t"').warned() == [
        (
            "web.toml:5: template.check_cmd: names no staged file ({{.src}}), so it judges"
            " what is installed now"
        )
    ]
    assert filled(conf.only().templates[0].check) == "nginx -t"


TRICKY = "docker ps -f '{{.Names}} {{ dest }} {{.dest}}' {% raw %} ${#a} {# {{{ }}"


def test_the_original_s_reload_reaches_the_shell_as_it_is(conf: ConfDir) -> None:
    reload = with_lines(conf, f'reload_cmd = "{TRICKY}\\r\\nx"').only().reload
    assert reload is not None
    assert filled(reload.command) == f"{TRICKY}\r\nx"
    assert (reload.command.quoted, reload.min_interval_s) == (False, 0.0)
    assert conf.warned() == [
        (
            "web.toml:5: template.reload_cmd: confd 0.16 fills in nothing here: the shell"
            " gets {{ as it is written (confd_compat 0.41 fills in {{.dest}})"
        )
    ]


def test_a_reload_without_insertions_needs_no_warning(conf: ConfDir) -> None:
    reload = with_lines(conf, 'reload_cmd = "kill -HUP ${#a} {a,b}"').only().reload
    assert reload is not None
    assert filled(reload.command) == "kill -HUP ${#a} {a,b}"
    assert conf.warned() == []


def test_the_fork_s_reload_inserts_the_target(conf: ConfDir) -> None:
    with_lines(conf.like_confd("0.41"), 'reload_cmd = "x {{.dest}} {{ .dest }} {#"')
    reload = conf.only().reload
    assert reload is not None
    assert filled(reload.command) == "x /etc/web.conf /etc/web.conf {#"
    assert conf.warned() == []


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (
            "{{ .src }}",
            "a reload comes after the move, when {{.src}} is gone: use {{.dest}}",
        ),
        (
            "{{.Names}}",
            'expected no Go template action but {{.dest}}, got "{{.Names}}"',
        ),
    ],
)
def test_the_fork_s_reload_inserts_nothing_else(
    conf: ConfDir, action: str, told: str
) -> None:
    with_lines(conf.like_confd("0.41"), f'reload_cmd = "x {action}"')
    assert conf.told() == [f"web.toml:5: template.reload_cmd: {told}"]


@pytest.mark.parametrize("field", ["check_cmd_timeout", "reload_cmd_timeout"])
@pytest.mark.parametrize("text", ["0", "0s", "-5s", "0h0m"])
def test_no_command_may_take_for_ever(conf: ConfDir, field: str, text: str) -> None:
    assert with_lines(conf, f'{field} = "{text}"').told() == [
        f'web.toml:5: template.{field}: expected a timeout above zero, got "{text}"'
    ]


def test_commands_have_confd_s_timeouts(conf: ConfDir) -> None:
    empty = ('check_cmd_timeout = ""', 'reload_cmd_timeout = ""')
    lines = ('check_cmd = "a {{.src}}"', 'reload_cmd = "b"')
    resource = with_lines(conf, *lines, *empty).only()
    assert with_lines(conf, *lines).only() == resource
    assert resource.templates[0].check == Command("a {{ src }}", 30.0, quoted=False)
    assert resource.reload == Reload(Command("b", 60.0, quoted=False), 0.0)


@pytest.mark.parametrize("field", ["min_reload_interval", "debounce"])
def test_no_wait_is_negative(conf: ConfDir, field: str) -> None:
    assert with_lines(conf, f'{field} = "-1s"').told() == [
        f'web.toml:5: template.{field}: expected a duration of at least zero, got "-1s"'
    ]
    assert with_lines(conf, f'{field} = "5 sec"').told() == [
        (
            f'web.toml:5: template.{field}: expected a Go duration like "5s" or "1m30s",'
            ' got "5 sec"'
        )
    ]


def test_a_debounce_of_zero_waits_for_nothing(conf: ConfDir) -> None:
    assert with_lines(conf, 'debounce = "0s"').only().quiet is None


def test_an_output_format_is_not_skipped_over(conf: ConfDir) -> None:
    assert with_lines(conf, 'output_format = "json"').told() == [
        "web.toml:5: template.output_format: not available yet"
    ]


def test_an_empty_string_is_as_good_as_none(conf: ConfDir) -> None:
    names = ["prefix", "mode", "owner", "group", "check_cmd", "check_cmd_timeout"]
    names += ["reload_cmd", "reload_cmd_timeout", "min_reload_interval", "debounce"]
    plain = with_lines(conf).only()
    empty = [f'{name} = ""' for name in [*names, "output_format"]]
    assert with_lines(conf, *empty).only() == plain
    assert conf.warned() == []


# Whole ways through.


@example("{\r")
@example("{{{%{#\r\n{% raw %}\\{'}")
@given(st.text(st.sampled_from("{}%#-+ '\\\r\nx")))
def test_no_text_changes_on_its_way_to_the_shell(text: str) -> None:
    # Jinja drops a last newline, and to the shell it means nothing.
    assert filled(Command(verbatim(text) + ";", 1.0, quoted=False)) == f"{text};"


def test_the_shell_sees_what_was_written(conf: ConfDir) -> None:
    written = "printf %s%s '{{.x}} {%y%} {#z#}' \"${#HOME}\""
    with_lines(conf, f"reload_cmd = '''{written}'''")
    reload = conf.only().reload
    assert reload is not None
    argv = ["/bin/sh", "-c", filled(reload.command)]
    home = {"HOME": "12345"}
    ran = subprocess.run(argv, env=home, capture_output=True, text=True, check=True)
    assert ran.stdout == "{{.x}} {%y%} {#z#}5"


@pytest.mark.parametrize(
    ("compat", "prefix", "line"),
    [("0.16", "/prod", "x {{.dest}}"), ("0.41", "/prod/app", "x /etc/web.conf")],
)
def test_the_settings_decide_whose_confd_is_meant(
    conf: ConfDir, compat: str, prefix: str, line: str
) -> None:
    with_lines(conf, 'prefix = "/app"', 'reload_cmd = "x {{.dest}}"')
    settings = Settings(
        confdir=conf.path.parent,
        stores={"main": StoreSettings(url=parse_store_url("dir:/keys"))},
        confd_compat=compat,
        confd_prefix=Key("/prod"),
    )
    (resource,) = declared.read(settings).resources
    assert resource.prefix == prefix
    assert resource.reload is not None
    assert filled(resource.reload.command) == line
