"""Rendered files out of nothing, for what is done with them."""

from collections.abc import Mapping
from pathlib import Path

from confwatch.disk.compare import compare
from confwatch.disk.install import install
from confwatch.disk.stage import stage
from confwatch.model.reads import Reads
from confwatch.model.resource import Resource, Template
from confwatch.model.steps import Checked, Installed, Rendered, RenderedFile


def rendered(contents: Mapping[Path, bytes], **template: object) -> Rendered:
    """Make a resource's files; keywords go into every template."""
    templates = {path: Template("t", str(path), **template) for path in contents}  # type: ignore[arg-type]
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
