"""conf.d as a whole: which files are read, and what one bad file may spoil."""

import os
import socket
from pathlib import Path

import pytest

from confwatch.config.host import Host
from confwatch.config.resources import load_resources
from confwatch.config.texts import MAX_BYTES
from confwatch.errors import ConfigError
from confwatch.model.keys import Key, Ref
from confwatch.model.resource import Command, HoldOnEmpty, Quiet, Reload, Template
from confwatch.model.service import Service
from tests.support.confdirs import HOST, ConfDir


def simple(dest: str = "/etc/web.conf") -> str:
    return f"templates: [{{src: web.j2, dest: {dest}}}]\n"


def test_the_design_s_example_means_what_it_says(conf: ConfDir) -> None:
    conf.write(
        "web.yaml",
        """
        name: web
        prefix: /prod
        templates:
          - src: nginx.conf.j2
            dest: /etc/nginx/nginx.conf
            keys: [/services/web, /nginx, "other:/shared"]
            mode: "0644"
            owner: www-data
            group: 33
            check: nginx -t -c {{ src }}
        check: nginx -t -c {{ src }}
        reload: nginx -s reload
        quiet: {min: 100ms, max: 2s}
        splay: 1m
        hold_on_empty: false
        services:
          - name: web
            port: 80
            ttl: 15s
        """,
    )
    resource = conf.only()
    assert (resource.name, resource.prefix, resource.store) == ("web", "/prod", "main")
    assert resource.file == str(conf.path / "web.yaml")
    assert resource.templates == (
        Template(
            src="nginx.conf.j2",
            dest="/etc/nginx/nginx.conf",
            keys=(
                Ref("main", Key("/prod/services/web")),
                Ref("main", Key("/prod/nginx")),
                Ref("other", Key("/prod/shared")),
            ),
            mode=0o644,
            owner="www-data",
            group=33,
            check=Command("nginx -t -c {{ src }}", 30.0),
        ),
    )
    assert resource.check == Command("nginx -t -c {{ src }}", 30.0)
    assert resource.reload == Reload(Command("nginx -s reload", 60.0), 1.0)
    assert (resource.quiet, resource.splay_s) == (Quiet(0.1, 2.0), 60.0)
    assert resource.hold_on_empty is HoldOnEmpty.NEVER
    assert resource.services == (Service("web", "web-host1-80", 80),)
    assert (resource.only_keys, resource.dialect) == (False, "jinja")


def test_what_is_left_out_has_its_default(conf: ConfDir) -> None:
    resource = conf.write("web.yaml", simple()).only()
    assert resource.name == "web"
    assert resource.templates == (Template("web.j2", "/etc/web.conf"),)
    assert (resource.check, resource.reload, resource.quiet) == (None, None, None)
    assert resource.hold_on_empty is HoldOnEmpty.DOUBT
    assert (resource.splay_s, resource.services) == (0.0, ())


def test_a_bad_file_disables_its_resource_and_no_other(conf: ConfDir) -> None:
    conf.write("bad.yaml", "templates: oops\n").write("good.yaml", simple())
    loaded = conf.load()
    assert [one.name for one in loaded.resources] == ["good"]
    assert [one.file for one in loaded.problems] == [str(conf.path / "bad.yaml")]


def test_files_are_read_in_the_order_of_their_paths(conf: ConfDir) -> None:
    for name in ("b.yml", "a.yaml", "sub/c.yaml"):
        conf.write(name, simple(f"/etc/{name}"))
    assert [one.name for one in conf.load().resources] == ["a", "b", "sub.c"]


def test_only_yaml_and_toml_are_read(conf: ConfDir) -> None:
    for name in (".hid.yaml", "web.yaml~", "web.yaml.bak", "README", ".git/x.yaml"):
        conf.write(name, "oops")
    loaded = conf.load()
    assert (loaded.resources, loaded.problems) == ((), ())


def test_files_that_kubernetes_links_are_read_once(conf: ConfDir) -> None:
    conf.write("..2026_11_24/web.yaml", simple())
    (conf.path / "..data").symlink_to("..2026_11_24")
    (conf.path / "web.yaml").symlink_to("..data/web.yaml")
    assert conf.only().name == "web"


def test_a_conf_d_that_is_a_link_is_followed(conf: ConfDir, tmp_path: Path) -> None:
    conf.write("web.yaml", simple())
    link = tmp_path / "link"
    link.symlink_to(conf.path)
    loaded = load_resources(link, stores=["main"], host=HOST)
    assert [one.name for one in loaded.resources] == ["web"]


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be listed: No such file"):
        load_resources(tmp_path / "gone", stores=["main"], host=HOST)


def test_what_is_no_regular_file_is_refused_without_waiting(conf: ConfDir) -> None:
    os.mkfifo(conf.path / "pipe.yaml")
    (conf.path / "gone.yaml").symlink_to("nowhere")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(os.path.relpath(conf.path / "sock.yaml"))
        told = conf.told()
    assert told[0] == "gone.yaml: cannot be read: No such file or directory"
    assert told[1] == "pipe.yaml: expected a regular file"
    assert told[2].startswith("sock.yaml: cannot be read: ")


def test_a_huge_file_is_refused(conf: ConfDir) -> None:
    conf.write("log.yaml", "#" * (MAX_BYTES + 1))
    assert conf.told() == ["log.yaml: larger than 1048576 bytes"]


def test_a_byte_that_is_not_utf_8_names_its_line(conf: ConfDir) -> None:
    (conf.path / "web.yaml").write_bytes(b"name: web\nprefix: /\xff\n")
    assert conf.told() == ["web.yaml:2: expected UTF-8 text"]


def test_a_byte_order_mark_and_cr_lf_are_fine(conf: ConfDir) -> None:
    text = simple().replace("\n", "\r\n")
    (conf.path / "web.yaml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert conf.only().templates[0].dest == "/etc/web.conf"


def test_two_resources_of_one_name_are_refused(conf: ConfDir) -> None:
    conf.write("a.yaml", simple() + "name: web\n")
    conf.write("b.yaml", simple("/etc/b") + "name: web\n")
    loaded = conf.load()
    assert [one.file for one in loaded.resources] == [str(conf.path / "a.yaml")]
    (told,) = loaded.problems
    assert str(told).endswith(
        f"b.yaml:2: name: web is already the name in {conf.path}/a.yaml:2"
    )


def test_one_target_has_one_resource_by_its_real_path(
    conf: ConfDir, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    conf.write("a.yaml", simple(f"{tmp_path}/web.conf"))
    conf.write("b.yaml", simple(f"{tmp_path}/link/web.conf"))
    (told,) = conf.told()
    assert told.startswith("b.yaml:1: templates[0].dest: ")
    assert told.endswith("web.conf is already the dest in a.yaml:1")


def test_one_target_stands_once_in_a_resource(conf: ConfDir) -> None:
    conf.write(
        "a.yaml",
        """
        templates:
          - {src: a.j2, dest: /etc/a}
          - {src: b.j2, dest: /etc/../etc/a}
        """,
    )
    assert conf.told() == [
        "a.yaml:4: templates[1].dest: /etc/a is already the dest in a.yaml:3"
    ]


def test_service_ids_are_unique_over_all_files(conf: ConfDir) -> None:
    services = "services: [{name: web, port: 80}]\n"
    conf.write("a.yaml", simple() + services)
    conf.write("b.yaml", simple("/etc/b") + services)
    assert conf.told() == [
        "b.yaml:2: services[0]: main:web/web-host1-80 is already the id in a.yaml:2"
    ]


def test_a_refused_resource_keeps_nothing_from_others(conf: ConfDir) -> None:
    conf.write("a.yaml", simple())
    conf.write(
        "b.yaml",
        """
        templates: [{src: a.j2, dest: /etc/web.conf}, {src: b.j2, dest: /etc/b}]
        """,
    )
    conf.write("c.yaml", simple("/etc/b"))
    assert [one.name for one in conf.load().resources] == ["a", "c"]


def test_this_machine_is_known_by_its_name() -> None:
    host = Host.here({"A": "b"})
    assert (host.name, host.uid) == (socket.gethostname(), os.geteuid())
