"""Rendered files out of nothing, for what is done with them."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypedDict, Unpack

from confwatch.disk.compare import compare
from confwatch.disk.install import install
from confwatch.disk.stage import stage
from confwatch.model.reads import Reads
from confwatch.model.resource import Resource, Template
from confwatch.model.steps import Checked, Installed, Rendered, RenderedFile


class Ways(TypedDict, total=False):
    """What a template may say beside its source and its target."""

    mode: int
    owner: str | int
    group: str | int
    make_dirs: bool


def rendered(contents: Mapping[Path, bytes], **template: Unpack[Ways]) -> Rendered:
    """Make a resource's files; keywords go into every template."""
    templates = {path: Template("t", str(path), **template) for path in contents}
    resource = Resource("r", "r.yaml", tuple(templates.values()))
    files = tuple(RenderedFile(templates[path], raw) for path, raw in contents.items())
    return Rendered(resource, files, Reads())


def brought(made: Rendered, proven: Mapping[str, str] | None = None) -> Installed:
    """Take rendered files to their targets, without a check."""
    with stage(compare(made)) as staged:
        return install(Checked(staged), proven=proven or {})


def hidden(folder: Path) -> list[str]:
    """Return our own files in a folder, kept versions left out."""
    return [
        path.name
        for path in folder.iterdir()
        if path.name.startswith(".confwatch-") and "-prev-" not in path.name
    ]
