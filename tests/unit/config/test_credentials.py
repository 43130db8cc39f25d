"""Who we are to the main store, from the environment."""

from pathlib import Path

import pytest

from confwatch.config.layers import load_settings
from confwatch.config.settings import Settings
from confwatch.errors import ConfigError
from confwatch.model.secret import Secret

URL = "etcd://h:2379/p"
USER, PASSWORD = "CONFWATCH_STORE_USER", "CONFWATCH_STORE_PASSWORD"
FILE = "CONFWATCH_STORE_PASSWORD_FILE"


def load(tmp_path: Path, url: str = URL, **environ: str) -> Settings:
    return load_settings({"confdir": str(tmp_path), "store": url}, environ)


def test_the_environment_says_who_we_are(tmp_path: Path) -> None:
    settings = load(tmp_path, **{USER: "u", PASSWORD: "p"})
    assert settings.stores["main"].user == "u"
    assert settings.stores["main"].password == Secret("p")
    assert not settings.warnings


def test_a_file_may_hold_the_password(tmp_path: Path) -> None:
    settings = load(tmp_path, **{USER: "u", FILE: "/run/secrets/p"})
    assert settings.stores["main"].password_file == Path("/run/secrets/p")


def test_a_user_in_the_urls_flag_wins(tmp_path: Path) -> None:
    settings = load(tmp_path, "etcd://a:b@h:1", **{USER: "u", PASSWORD: "p"})
    assert settings.stores["main"].user == "a"


@pytest.mark.parametrize(
    "environ",
    [
        {USER: "u"},
        {PASSWORD: "p"},
        {USER: "u", PASSWORD: "p", FILE: "/f"},
        {USER: "u", FILE: "relative"},
    ],
)
def test_half_of_it_is_refused(tmp_path: Path, environ: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path, **environ)


def test_a_folder_asks_nobody(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ask nobody"):
        load(tmp_path, "dir:/x", **{USER: "u", PASSWORD: "p"})
