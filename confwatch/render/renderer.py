"""Templates to files, over the mirrors of one moment."""

import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

from jinja2 import Template, TemplateError, TemplateNotFound, TemplateSyntaxError

from confwatch.errors import RenderError
from confwatch.mirror.mirror import Mirror
from confwatch.model.keys import Key, encoded
from confwatch.model.resource import Resource
from confwatch.model.resource import Template as Declared
from confwatch.model.service import REGISTRATIONS
from confwatch.model.steps import Rendered, RenderedFile
from confwatch.render.environment import TemplateEnvironment, confd_functions
from confwatch.render.functions.local import LocalFiles
from confwatch.render.functions.names import Names
from confwatch.render.functions.services import Services
from confwatch.render.limits import Allowance, Limits
from confwatch.render.loader import FolderLoader
from confwatch.render.reads import Recorder
from confwatch.render.refused import Refused
from confwatch.render.remembered import LoopMemory
from confwatch.render.view import Scene, StoreFunctions

_SPEAKING = (Refused, TemplateError, AttributeError, TypeError)
"""Errors whose text names types and names, never a value."""

Place: TypeAlias = tuple[str, int | None]


class Renderer:
    """Renders resources, one at a time: its functions look at one scene.

    Attributes:
        names: what is known of the names that templates look up.
    """

    def __init__(
        self, templates_dir: Path, limits: Limits, registrations: Key = REGISTRATIONS
    ) -> None:
        """Render the templates of a folder.

        Args:
            templates_dir: the folder.
            limits: what one template may take.
            registrations: below which services are announced, in every store.
        """
        self._recorder = Recorder()
        self._stores = StoreFunctions()
        self._allowance = Allowance(limits)
        self._loops = LoopMemory(self._stores.chunks)
        self.names = Names()
        self._files = LocalFiles()
        self._services = Services(self._stores, registrations)
        self._loader = FolderLoader(templates_dir)
        self.environment = TemplateEnvironment(
            self._loader,
            {
                **confd_functions(self._stores, self.names, self._files),
                "services": self._services.services,
            },
            self._allowance,
            self._note_file,
            self._loops,
        )

    def render(
        self, resource: Resource, mirrors: Mapping[str, Mirror], recorder: Recorder
    ) -> Rendered:
        """Render every template of *resource*.

        Args:
            resource: whose templates.
            mirrors: by store; nothing may change them meanwhile.
            recorder: notes what is looked at, also where the render fails.

        Raises:
            RenderError: names the template and the line.
        """
        self._recorder = recorder
        self.names.note_in(recorder)
        self._files.note_in(recorder)
        self._services.note_in(recorder)
        self._stores.look_at(Scene(resource, mirrors, recorder))
        self._loops.begin(resource.name)
        files = tuple(self._file(resource, one) for one in resource.templates)
        self._loops.end(resource.name)
        return Rendered(resource, files, recorder.reads())

    def forget(self, resource: str) -> None:
        """Drop what is remembered of a resource that is gone."""
        self._loops.forget(resource)

    def problems(self, resource: Resource) -> list[RenderError]:
        """Return what is wrong with the templates of *resource* themselves."""
        found = []
        for template in resource.templates:
            try:
                self._load(resource, template.src)
            except RenderError as error:
                found.append(error)
        return found

    def _note_file(self, path: str) -> None:
        """Note a template that was looked for."""
        self._recorder.files.add(path)

    def _file(self, resource: Resource, declared: Declared) -> RenderedFile:
        """Render one template."""
        template = self._load(resource, declared.src)
        content = executed(template, {}, self._allowance, declared.src)
        return RenderedFile(declared, content)

    def _load(self, resource: Resource, src: str) -> Template:
        """Load one template."""
        if resource.dialect != "jinja":
            problem = (
                "Go templates cannot be rendered yet: write it in Jinja,"
                " with the same functions, and name it NAME.j2"
            )
            raise RenderError(src, None, problem)
        try:
            return self.environment.get_template(src)
        except (TemplateError, Refused) as error:
            raise _failure(error, (src, None)) from error


def executed(
    template: Template, seen: Mapping[str, object], allowance: Allowance, src: str
) -> bytes:
    """Return what a template makes of what it sees.

    Args:
        template: loaded.
        seen: names it knows beside the functions.
        allowance: what it may take; begun here.
        src: names it where the traceback does not.

    Raises:
        RenderError: of whatever kind the exception was: it is the template's failure.
    """
    allowance.start()
    try:
        context = template.new_context(dict(seen))
        return encoded(allowance.joined(template.root_render_func(context)))
    except Exception as error:  # any exception of a template is its own failure
        place = _place(error.__traceback__) or (src, None)
        raise _failure(error, place) from error


def _place(stack: TracebackType | None) -> Place | None:
    """Return the innermost template line of a traceback; None where there is none."""
    found: Place | None = None
    for frame, line in traceback.walk_tb(stack):
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template):
            found = (template.name or "", template.get_corresponding_lineno(line))
    return found


def _failure(error: Exception, place: Place) -> RenderError:
    """Tell what went wrong, without any value."""
    match error:
        case TemplateSyntaxError():
            # Of the template that was being read, which may be an included one.
            return RenderError(
                error.name or place[0], error.lineno, error.message or "syntax error"
            )
        case TemplateNotFound():
            return RenderError(*place, f"template not found: {error.name}")
        case UnicodeEncodeError():
            return RenderError(*place, "made text that no bytes can be made of")
        case _:
            speaks = isinstance(error, _SPEAKING)
            said = str(error) if speaks else f"failed with {type(error).__name__}"
            return RenderError(*place, said)
