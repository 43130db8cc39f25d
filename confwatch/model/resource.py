"""A resource: what one file in conf.d declares, and what changes together.

Made by ``config`` from YAML or TOML; every default is already filled in, every
duration is in seconds, every name is resolved as far as that needs no I/O.
"""

from dataclasses import dataclass, field
from enum import Enum

from msgspec import Struct

from confwatch.model.keys import ROOT, Key, Ref
from confwatch.model.service import Service


class HoldOnEmpty(Enum):
    """What to do when a prefix that a resource reads has no keys (any more)."""

    DOUBT = "doubt"
    """Hold only if it had keys and a fresh picture says it has none."""
    ALWAYS = "true"
    """Hold whenever it has none, however that came about."""
    NEVER = "false"
    """Render the empty picture; confd's way."""


class Command(Struct, frozen=True):
    """A command to run, before its insertions are filled in.

    Attributes:
        run: a string for ``sh -c``, or the words of a command without a shell.
            Jinja insertions: ``src``, ``dest``, ``stages``, ``dests``.
        timeout_s: after this, TERM and then KILL to its process group.
        quoted: whether what is inserted in a string is shell-quoted; confd's is not.
    """

    run: str | tuple[str, ...]
    timeout_s: float
    quoted: bool = True


class Reload(Struct, frozen=True):
    """What makes a service read its files.

    Attributes:
        command: what to run.
        min_interval_s: least time between two starts; a reload is deferred by it,
            never dropped.
    """

    command: Command
    min_interval_s: float = 1.0


class Quiet(Struct, frozen=True):
    """How long to wait for events to calm before a pass.

    Attributes:
        min_s: this long without an event ends the wait.
        max_s: the wait never lasts longer than this.
    """

    min_s: float
    max_s: float


@dataclass(frozen=True, slots=True)
class Template:
    """One template and its target.

    Attributes:
        src: path below templates/.
        dest: absolute path of the target.
        keys: prefixes to begin with, the resource's prefix already before them.
        mode: permission bits; None keeps what is there, 0644 for a new file.
        owner: name or number; None keeps what is there, or the process's.
        group: likewise.
        make_dirs: whether missing folders above the target are made.
        check: may refuse this staged file alone.
        key_lines: where each of *keys* stands in the resource's file, for messages;
            no part of what the template is.
    """

    src: str
    dest: str
    keys: tuple[Ref, ...] = ()
    mode: int | None = None
    owner: str | int | None = None
    group: str | int | None = None
    make_dirs: bool = False
    check: Command | None = None
    key_lines: tuple[int | None, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Resource:
    """What changes together: templates, checks, one reload, services.

    Attributes:
        name: unique among the resources.
        file: where it is declared, for messages.
        templates: at least one.
        store: name of the store its keys are in unless they say otherwise.
        prefix: stands before every key; its templates see keys without it.
        check: may refuse all files together.
        check_installed: whether it looks at the targets after the move, and all of
            them go back where it refuses; else at the stages.
        reload: owed once files were installed; None where nothing needs telling.
        quiet: None: a change goes at once.
        splay_s: upper end of the reload's random delay.
        hold_on_empty: see HoldOnEmpty.
        services: announced while this resource deserves it.
        repair_drift: whether targets that somebody else changed are put right.
        only_keys: confd's rule: what is not below *keys* does not exist.
        dialect: what language its templates are written in: "jinja" or "go".
    """

    name: str
    file: str
    templates: tuple[Template, ...]
    store: str = "main"
    prefix: Key = ROOT
    check: Command | None = None
    check_installed: bool = False
    reload: Reload | None = None
    quiet: Quiet | None = None
    splay_s: float = 0.0
    hold_on_empty: HoldOnEmpty = HoldOnEmpty.DOUBT
    services: tuple[Service, ...] = ()
    repair_drift: bool = True
    only_keys: bool = False
    dialect: str = "jinja"

    @property
    def cover(self) -> frozenset[Ref]:
        """The prefixes its templates declare, over all of them."""
        return frozenset(ref for template in self.templates for ref in template.keys)

    @property
    def dests(self) -> tuple[str, ...]:
        """Its targets, in the order they are installed."""
        return tuple(template.dest for template in self.templates)
