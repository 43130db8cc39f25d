"""Every planned error, on one page.

ConfwatchError
├── ConfigError              what an operator wrote cannot be used
├── LockHeld                 another daemon works on this state folder
├── SourceError              a store, as seen by whoever reads or writes keys
│   ├── SourceUnavailable    come back later
│   │   └── SourceMissed     the watch kept something from us
│   ├── SourceRejected       the store refused; do not hammer
│   │   └── SourceDenied     some prefixes may not be read; the others are told
│   └── SourceGarbled        bytes that cannot be understood
├── ResourceError            one resource's pass cannot go on; others are not touched
│   ├── RenderError          a template
│   ├── DiskError            a file or folder
│   ├── CheckFailed          the check command refused, or could not run
│   └── ReloadFailed         the reload command failed
└── RegistrationError
    ├── RecordGarbled        what a service wrote cannot be understood
    ├── LeaseLost            the store no longer knows our lease: start again
    └── RegistrationRejected a record cannot stand now
        ├── NoAddress        no rule finds one that others could reach
        └── KeyHeld          a living lease of somebody else holds its key

An error is a fact with fields; its text is made in ``__str__``.
What is not a ConfwatchError is a bug.
No text carries a value from a store, nor the user part or query of a URL.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field


class ConfwatchError(Exception):
    """The root: whoever can go on without the failed part catches this."""


@dataclass(eq=False)
class ConfigError(ConfwatchError):
    """What an operator wrote cannot be used.

    Attributes:
        file: where it stands, as the operator would name it; "" for a flag.
        line: from 1; None where the whole file is meant.
        field: dotted path such as ``templates[0].mode``; "" for the whole file.
        problem: what was expected, and the nearest known name where one is unknown.
        more: the other problems of the same reading, none with more of its own.
    """

    file: str
    line: int | None
    field: str
    problem: str
    more: "tuple[ConfigError, ...]" = ()

    def __str__(self) -> str:
        """Read like ``conf.d/web.yaml:12: check.timeout: expected a duration``.

        Every further problem stands on a line of its own.
        """
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        told = ": ".join(part for part in (place, self.field, self.problem) if part)
        return "\n".join([told, *map(str, self.more)])


@dataclass(eq=False)
class LockHeld(ConfwatchError):
    """Another daemon works on this state folder.

    Attributes:
        path: the lock file.
        pid: who holds it; None where the file does not say.
    """

    path: str
    pid: int | None

    def __str__(self) -> str:
        """Name the lock and its holder."""
        holder = "another process" if self.pid is None else f"process {self.pid}"
        return f"{self.path} is held by {holder}: one daemon a state folder"


@dataclass(eq=False)
class SourceError(ConfwatchError):
    """A store did not do what was asked.

    Attributes:
        store: the store's URL as it may be shown (no user part, no query).
        problem: what happened, in the store's or the system's words.
    """

    store: str
    problem: str

    def __str__(self) -> str:
        """Name the store, then the problem."""
        return f"{self.store}: {self.problem}"


class SourceUnavailable(SourceError):
    """The store cannot be reached or cannot answer now: come back later."""


class SourceMissed(SourceUnavailable):
    """A look beside the watch found what it had kept from us: somebody has a bug."""


class SourceRejected(SourceError):
    """The store understood and refused (credentials, permission, size)."""


class SourceDenied(SourceRejected):
    """Some of what is covered may not be read; the rest goes on being told."""


class SourceGarbled(SourceError):
    """The store sent what cannot be understood."""


class ResourceError(ConfwatchError):
    """One resource's pass cannot go on; its files stay as they are."""


@dataclass(eq=False)
class RenderError(ResourceError):
    """A template cannot be rendered.

    Attributes:
        template: its name below templates/.
        line: from 1; None where the engine does not tell.
        problem: names the key where one is missing; never a value.
    """

    template: str
    line: int | None
    problem: str

    def __str__(self) -> str:
        """Read like ``nginx.conf.j2:4: key does not exist: /x``."""
        place = self.template if self.line is None else f"{self.template}:{self.line}"
        return f"{place}: {self.problem}"


@dataclass(eq=False)
class DiskError(ResourceError):
    """A file or folder did not do what was asked.

    Attributes:
        path: the file meant.
        number: the system's errno; None where we refuse by ourselves.
        doing: what was tried, such as "stage" or "install".
        problem: our own words; "" where the system's text says it all.
    """

    path: str
    number: int | None
    doing: str
    problem: str = ""

    def __str__(self) -> str:
        """Read like ``cannot stage /etc/x: No space left on device``."""
        told = os.strerror(self.number) if self.number is not None else ""
        reason = ": ".join(part for part in (self.problem, told) if part)
        return f"cannot {self.doing} {self.path}: {reason}"


@dataclass(eq=False)
class CommandError(ResourceError):
    """A command ended badly; the two kinds below say which.

    Attributes:
        command: as it was run, cut to a readable length.
        status: exit status; negative for a signal; None where it did not end by
            itself (deadline) or could not be started.
        problem: "timed out after 30 s", "not found"; "" where the status tells.
        output: the last of stdout and stderr; "" for secret targets.
        targets: for a check, the targets it judged.
    """

    command: str
    status: int | None
    problem: str = ""
    output: str = ""
    targets: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        """Read like ``check refused (exit 1): nginx -t``; the output is a field."""
        told = self.problem or told_status(self.status)
        last = self.output.strip().splitlines()[-1:]
        return ": ".join([f"{self._verb} ({told})", self.command, *last])

    _verb = "command failed"


@dataclass(eq=False)
class CheckFailed(CommandError):
    """The check refused the files, or could not be run.

    Attributes:
        put_back: the targets that were installed already, and are again what they
            were before.
    """

    put_back: tuple[str, ...] = field(default=())

    _verb = "check refused"


class ReloadFailed(CommandError):
    """The reload command failed: the reload stays owed."""

    _verb = "reload failed"


class RegistrationError(ConfwatchError):
    """Something about an announced service."""


@dataclass(eq=False)
class RecordGarbled(RegistrationError):
    """What a service wrote into a store cannot be understood.

    Attributes:
        problem: follows the record's key, such as "is not valid JSON"; never a value.
    """

    problem: str

    def __str__(self) -> str:
        """Say what is wrong; whoever knows the key names it."""
        return self.problem


@dataclass(eq=False)
class LeaseLost(RegistrationError):
    """The store no longer knows our lease, or we could not confirm it in time."""

    store: str
    problem: str

    def __str__(self) -> str:
        """Name the store, then how we know."""
        return f"{self.store}: lease lost: {self.problem}"


@dataclass(eq=False)
class RegistrationRejected(RegistrationError):
    """A record cannot stand now: the store refused it, or it cannot be made.

    Attributes:
        fields: facts for the log, such as the key and its owner.
    """

    store: str
    problem: str
    fields: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Name the store, then the refusal."""
        return f"{self.store}: {self.problem}"


class NoAddress(RegistrationRejected):
    """No rule of a service finds an address that others could reach; it may come."""


class KeyHeld(RegistrationRejected):
    """A living lease of somebody else holds the record's key."""


def told_status(status: int | None) -> str:
    """Say an exit status as people do: ``exit 1``, ``signal 15``."""
    if status is None:
        return "did not end"
    return f"signal {-status}" if status < 0 else f"exit {status}"
