"""One template over a few keys, rendered."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from confwatch.mirror.mirror import Mirror
from confwatch.model.events import Loaded, Revision
from confwatch.model.keys import ROOT, Key, encoded
from confwatch.model.reads import Reads
from confwatch.model.resource import Resource, Template
from confwatch.render.limits import Limits
from confwatch.render.reads import Recorder
from confwatch.render.renderer import Renderer


class Kitchen:
    """A templates folder, a store, and a renderer between them.

    Attributes:
        mirror: the store's picture; covers everything unless *scope* says less.
        reads: of the last render, also where it failed.
    """

    def __init__(
        self, folder: Path, keys: Mapping[str, str] | None = None, scope: str = "/"
    ) -> None:
        self.folder = folder
        self.mirror = Mirror("main")
        self.renderer = Renderer(folder, Limits(seconds=0.3, max_bytes=10_000))
        self.resource = Resource("r", "r.yaml", (Template("t.j2", "/t"),))
        self.reads = Reads()
        self.load(keys or {}, scope)

    def load(self, keys: Mapping[str, str], scope: str = "/") -> None:
        """Give the store a picture."""
        entries = {Key(key): encoded(value) for key, value in keys.items()}
        self.mirror.apply(Loaded(frozenset({Key(scope)}), Revision("1"), entries))

    def write(self, name: str, text: str | bytes) -> None:
        """Write a template."""
        raw = text if isinstance(text, bytes) else encoded(text)
        (self.folder / name).write_bytes(raw)

    def render(self, text: str | bytes, prefix: str = ROOT) -> bytes:
        """Render *text* as the only template of a resource."""
        self.write("t.j2", text)
        return self.again(prefix)

    def again(self, prefix: str = ROOT) -> bytes:
        """Render what the template is now."""
        recorder = Recorder()
        try:
            resource = replace(self.resource, prefix=Key(prefix))
            mirrors = {"main": self.mirror}
            rendered = self.renderer.render(resource, mirrors, recorder)
        finally:
            self.reads = recorder.reads()
        return rendered.files[0].content
