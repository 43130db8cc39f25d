"""The types that walk the street, so that no step can be skipped.

render makes Rendered, stage takes it and makes Staged, check takes that and makes
Checked, and install takes nothing but Checked.
"""

import hashlib
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct, field

from confwatch.model.reads import Reads
from confwatch.model.resource import Resource, Template


def digest_of(content: bytes) -> str:
    """Name content by its SHA-256, in hex."""
    return hashlib.sha256(content).hexdigest()


Mark: TypeAlias = tuple[int, ...] | None
"""What differs once somebody wrote, moved or chmoded a file; None: it is absent."""

Known: TypeAlias = Mapping[str, tuple[Mark, str]]
"""Dest to the mark and the digest of a target, as a pass left it."""


class RenderedFile(Struct, frozen=True):
    """One target as it should be.

    Attributes:
        template: what it was made from; mode, owner and group stand there.
        content: every byte of it.
        secret: whether the render read a secret.
    """

    template: Template
    content: bytes
    secret: bool = False


class Rendered(Struct, frozen=True):
    """All files of one resource, from one moment of its stores."""

    resource: Resource
    files: tuple[RenderedFile, ...]
    reads: Reads


class Comparison(Struct, frozen=True):
    """One target held against what it should be.

    Attributes:
        file: as it should be.
        target: the file that will be replaced: the dest, its symlinks followed.
        digest: of what it should be.
        present: digest of what is there; None where nothing is.
        same: content, mode and owner are already right.
        mode: permission bits it will have.
        uid: owner it will have.
        gid: group it will have.
    """

    file: RenderedFile
    target: str
    digest: str
    present: str | None
    same: bool
    mode: int
    uid: int
    gid: int
    mark: Mark = None


class Compared(Struct, frozen=True):
    """All targets of one resource held against what they should be."""

    rendered: Rendered
    files: tuple[Comparison, ...]

    @property
    def differing(self) -> tuple[Comparison, ...]:
        """Those that are not as they should be."""
        return tuple(one for one in self.files if not one.same)


class StagedFile(Struct, frozen=True):
    """One differing target's next content, synced, beside it."""

    comparison: Comparison
    path: str
    mark: Mark = None


class Staged(Struct, frozen=True):
    """The differing targets of one resource, all staged."""

    compared: Compared
    files: tuple[StagedFile, ...]

    @property
    def paths(self) -> dict[str, str]:
        """Map each dest to the file a check should look at: its stage, or itself."""
        staged = {one.comparison.file.template.dest: one.path for one in self.files}
        return {
            one.file.template.dest: staged.get(one.file.template.dest, one.target)
            for one in self.compared.files
        }


class Checked(Struct, frozen=True):
    """Staged files that every check let pass. Only the check step makes one."""

    staged: Staged


class Installed(Struct, frozen=True):
    """Files that are in place; the reload is owed from here on.

    Attributes:
        resource: whose they are.
        digests: dest to digest of every target of the resource, changed or not.
        changed: the dests that were moved in, in order.
        in_place: those of them that nothing can be moved over, such as bind mounts:
            they were written where they are, and a crash may leave half of one.
        marks: dest to mark of every target, as they were left.
    """

    resource: Resource
    digests: Mapping[str, str]
    changed: tuple[str, ...]
    in_place: tuple[str, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)
