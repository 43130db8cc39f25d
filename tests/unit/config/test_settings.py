"""Where settings come from, which one wins, and what is refused."""

from pathlib import Path

import pytest

from confwatch.config.admin import TcpAddress, UnixAddress, default_admin
from confwatch.config.layers import load_settings
from confwatch.config.settings import Settings
from confwatch.errors import ConfigError
from confwatch.model.secret import Secret


def load(
    tmp_path: Path, file: str = "", environ: dict[str, str] | None = None, **flags: str
) -> Settings:
    if file:
        (tmp_path / "confwatch.yaml").write_text(file)
    return load_settings({"confdir": str(tmp_path), **flags}, environ or {})


def refused(
    tmp_path: Path, file: str = "", environ: dict[str, str] | None = None, **flags: str
) -> str:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, file, environ, **flags)
    return str(caught.value)


def test_flag_before_environment_before_file_before_default(tmp_path: Path) -> None:
    file = "log_level: error\nlog_format: json\nrender_timeout: 1s\n"
    environ = {"CONFWATCH_LOG_LEVEL": "warning", "CONFWATCH_LOG_FORMAT": "text"}
    settings = load(tmp_path, file, environ, log_level="debug")
    assert (settings.log_level, settings.log_format) == ("debug", "text")
    assert (settings.render_timeout, settings.reconcile) == (1.0, 600.0)
    assert settings.origin["log_level"] == "flag --log-level"
    assert settings.origin["log_format"] == "environment CONFWATCH_LOG_FORMAT"
    assert settings.origin["render_timeout"] == f"{tmp_path}/confwatch.yaml:3"
    assert settings.origin.get("reconcile", "default") == "default"


def test_an_empty_variable_is_not_set_and_a_strange_one_is_warned_of(
    tmp_path: Path,
) -> None:
    environ = {
        "CONFWATCH_LOG_LEVEL": "",
        "CONFWATCH_LOG_LEVLE": "x",
        "CONFWATCH_PORT": "tcp://x",
    }
    settings = load(tmp_path, environ=environ)
    assert settings.log_level == "info"
    told = [str(one) for one in settings.warnings]
    assert len(told) == 2
    assert "CONFWATCH_LOG_LEVEL" in told[0]


def test_stores_are_joined_by_name(tmp_path: Path) -> None:
    file = "stores: {main: dir:keys, other: 'etcd://h1,h2:1/p'}\n"
    settings = load(tmp_path, file, store="etcd://flag:7")
    assert settings.stores["main"].url.shown == "etcd://flag:7"
    assert settings.stores["other"].url.shown == "etcd://h1:2379,h2:1/p"
    assert (
        load(tmp_path, "store: dir:keys\n").stores["main"].url.path
        == f"{tmp_path}/keys"
    )
    assert (
        load_settings({"confdir": str(tmp_path / "none")}, {}).stores["main"].url.path
        == f"{tmp_path}/none/keys"
    )


def test_options_of_a_store_stand_beside_its_url_or_in_it(tmp_path: Path) -> None:
    url = "etcds://u:p%40w@h/x?ca=/ca.pem"
    store = load(tmp_path, store=url).stores["main"]
    assert (store.user, store.password, store.ca) == (
        "u",
        Secret("p@w"),
        Path("/ca.pem"),
    )
    assert store.url.shown == "etcds://h:2379/x"
    assert "p@w" not in repr(store)
    file = "store: {url: dir:k, poll: true}\n"
    assert load(tmp_path, file).stores["main"].poll


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("nonsense", "expected a URL"),
        ("consul://h", "not available yet"),
        ("mysql://h", "is not a store"),
        ("etcd:h", "expected etcd:// and hosts"),
        ("etcd://", "expected hosts"),
        ("etcd://h:0", "expected hosts"),
        ("etcd://h:99999", "expected hosts"),
        ("etcd://[::g]:1", "expected"),
        ("etcd://h/p?ca=/x", "cannot honour ca; TLS needs etcds://"),
        ("etcds://h?cert=/x", "cert and key belong together"),
        ("etcd://h?x=1", "x"),
        ("etcd://h?user", "expected options"),
        ("etcd://u:secret@x@h", "expected one @"),
        ("etcd://u:sec/ret@h", "expected one @"),
        ("etcd://u@h", "belong together"),
        ("etcd://u:secret@h?user=v", "given twice"),
        ("etcd://h h", "blanks"),
        ("etcd://h/%ff", "UTF-8"),
        ("dir:", "expected dir:"),
        ("dir://host/x", "a folder has no host"),
        ("dir:/x?user=u", "cannot honour user"),
    ],
)
def test_a_url_is_refused_without_quoting_it(
    tmp_path: Path, url: str, told: str
) -> None:
    said = refused(tmp_path, store=url)
    assert told in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("log_levle: x", "log_level"),
        ("log_level: loud", "debug"),
        ("metrics: true", "metrics: not available yet"),
        ("render_timeout: 0s", "above zero"),
        ("render_max_size: 5", 'expected a size like "64MiB"'),
        ("command_slots: 0", "from 1 to 1024"),
        ("confdir: /x", "is said by --confdir"),
        ("[1]", "expected a mapping"),
        ("store: dir:a\nstores: {main: dir:b}", "short for stores.main"),
        ("admin: 10.0.0.1:80", "expected unix:PATH"),
        ("admin: 'unix:/%s'" % ("x" * 120), "at most 107 bytes"),
        ("store: [1]", "expected"),
        ("stores: {main: {poll: true}}", "url"),
        (
            "stores: {main: {url: 'etcd://h', user: a, password: b, password_file: /c}}",
            "only one",
        ),
    ],
)
def test_a_settings_file_is_refused_with_its_line(
    tmp_path: Path, file: str, told: str
) -> None:
    said = refused(tmp_path, file)
    assert told in said
    assert f"{tmp_path}/confwatch.yaml:" in said


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    said = refused(
        tmp_path, "log_level: x\nlog_format: y\n", {"CONFWATCH_RECONCILE": "z"}
    )
    assert len(said.splitlines()) == 3


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    assert "cannot be read" in refused(tmp_path, config=str(tmp_path / "none.yaml"))
    (tmp_path / "other.yaml").write_text("log_level: debug\n")
    assert load(tmp_path, config=str(tmp_path / "other.yaml")).log_level == "debug"
    (tmp_path / "confwatch.yaml").write_text("# nothing\n")
    assert load(tmp_path).log_level == "info"


def test_a_password_that_everybody_can_read_is_warned_of(tmp_path: Path) -> None:
    file = "stores: {main: {url: 'etcd://h', user: u, password: p}}\n"
    assert "everybody can read" in str(load(tmp_path, file).warnings[0])
    (tmp_path / "confwatch.yaml").chmod(0o600)
    assert not load(tmp_path).warnings


def test_the_admin_server_is_a_socket_or_loopback(tmp_path: Path) -> None:
    assert load(tmp_path, admin="off").admin is None
    assert load(tmp_path, admin="127.0.0.1:80").admin == TcpAddress("127.0.0.1", 80)
    assert str(load(tmp_path, admin="[::1]:80").admin) == "[::1]:80"
    assert load(tmp_path, admin="unix:/s").admin == UnixAddress(Path("/s"))


@pytest.mark.parametrize(
    ("environ", "uid", "expected"),
    [
        ({"RUNTIME_DIRECTORY": "/run/x:/run/y"}, 0, "/run/x/admin.sock"),
        ({}, 0, "/run/confwatch/admin.sock"),
        ({"XDG_RUNTIME_DIR": "/run/user/5"}, 5, "/run/user/5/confwatch/admin.sock"),
        ({}, 5, "/state/admin.sock"),
    ],
)
def test_the_socket_stands_in_the_runtime_folder(
    environ: dict[str, str], uid: int, expected: str
) -> None:
    assert default_admin(environ, uid, Path("/state")).path == Path(expected)
