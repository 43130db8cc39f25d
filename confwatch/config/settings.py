"""What the daemon is told once: folders, stores, limits.

Every setting has one name: ``log_level`` in the file, ``--log-level`` as a flag and
``CONFWATCH_LOG_LEVEL`` in the environment. How they are found is ``layers``' business.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from msgspec import field

from confwatch.config import scalars
from confwatch.config.admin import AdminAddress, read_admin
from confwatch.config.commands import positive
from confwatch.config.keys import plain_key
from confwatch.config.paths import read_path
from confwatch.config.readers import Form, choice, mapping_of, scalar, whole
from confwatch.config.store_settings import StoreSettings, read_store
from confwatch.errors import ConfigError
from confwatch.model.keys import ROOT, Key
from confwatch.model.service import REGISTRATIONS

DEFAULT_CONFDIR = Path("/etc/confwatch")
DEFAULT_STATE_DIR = Path("/var/lib/confwatch")


class Settings(Form, frozen=True, kw_only=True):
    """Everything the daemon is told; durations in seconds, sizes in bytes."""

    confdir: Annotated[Path, read_path] = DEFAULT_CONFDIR
    """Folder of the settings file, conf.d/ and templates/: one option moves all."""

    config: Annotated[Path | None, read_path] = None
    """The settings file that was read; None where there is none, which is fine."""

    state_dir: Annotated[Path, read_path] = DEFAULT_STATE_DIR
    """Folder for what must outlive the process; where systemd makes it for us."""

    stores: Annotated[Mapping[str, StoreSettings], mapping_of(scalars.name, read_store)]
    """By name. ``store`` (a URL) is short for the one named main, which is
    ``dir:CONFDIR/keys`` where no store is given: it needs no server."""

    admin: Annotated[AdminAddress | None, read_admin] = None
    """Where status is asked; None for off. By default a socket in the runtime folder,
    which only we and root can open."""

    log_level: Annotated[str, choice("debug", "info", "warning", "error")] = "info"
    """The least that is logged: at info, what changed the world and no mechanics."""

    log_format: Annotated[str, choice("auto", "text", "json")] = "auto"
    """``auto`` is text for a terminal and JSON for anything that collects logs."""

    render_timeout: Annotated[float, scalar(positive)] = 5.0
    """Seconds one template may take: longer than any list, shorter than for ever."""

    render_max_size: Annotated[int, scalar(scalars.size)] = 64 * 1024 * 1024
    """Bytes one template may produce, before it takes the machine's memory."""

    command_slots: Annotated[int, whole(1, 1024)] = 8
    """Checks and reloads at a time: many resources must not start a fork storm."""

    stop_commands_timeout: Annotated[float, scalar(scalars.duration)] = 10.0
    """Seconds a running command may go on after a stop, before TERM and KILL."""

    on_stop: Annotated[str, choice("withdraw", "keep")] = "withdraw"
    """What becomes of registrations on a stop; kept, they stand for the rest of their
    ttl, for a daemon that starts again at once. SIGUSR2 keeps them whatever this is."""

    stop_withdraw_timeout: Annotated[float, scalar(scalars.duration)] = 5.0
    """Seconds to withdraw registrations on a stop; their ttl ends them anyway."""

    reconcile: Annotated[float, scalar(positive)] = 600.0
    """Seconds between checks that no change of a store was missed; beside watching."""

    dns_refresh: Annotated[float, scalar(positive)] = 30.0
    """Seconds after which names that templates look up are asked about again."""

    registration_prefix: Annotated[Key, scalar(plain_key)] = REGISTRATIONS
    """Below which services are announced in every store, and where ``services()`` in
    templates looks; a service may say another ``prefix``."""

    poll: Annotated[float, scalar(positive)] = 30.0
    """Seconds between looks at templates, files and targets where the kernel tells of
    no change, as on network file systems; beside watching. A look that takes long is
    made less often."""

    confd_compat: Annotated[str, choice("0.16", "0.41")] = "0.16"
    """Whose meaning confd's TOML has: the original's (0.16) or the living fork's
    (0.41). They differ in prefixes and in what a reload_cmd may insert."""

    confd_prefix: Annotated[Key, scalar(plain_key)] = ROOT
    """confd's global ``-prefix``, for its TOML alone."""

    origin: Mapping[str, str] = field(default_factory=dict)
    """Where each value comes from, as ``config show --origin`` tells it; a store is
    ``stores.NAME``."""

    warnings: tuple[ConfigError, ...] = ()
    """What works, though perhaps not as meant."""

    @property
    def conf_dir(self) -> Path:
        """The folder of the resources."""
        return self.confdir / "conf.d"

    @property
    def templates_dir(self) -> Path:
        """The folder of the templates."""
        return self.confdir / "templates"
