"""The Jinja environment: sandboxed, strict, and fast on pairs."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from functools import partial
from types import FunctionType
from typing import Any

from jinja2 import StrictUndefined, Template, nodes
from jinja2.environment import TemplateModule
from jinja2.lexer import TokenStream
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from confwatch.render.fastpath import FastCodeGenerator, Own
from confwatch.render.filters import checked_filters
from confwatch.render.functions import (
    data,
    host,
    lists,
    local,
    names,
    numbers,
    paths,
    printing,
    text,
    times,
)
from confwatch.render.limits import Allowance
from confwatch.render.loader import FolderLoader
from confwatch.render.printed import printed
from confwatch.render.purity import FUNCTIONS
from confwatch.render.remembered import LoopMemory
from confwatch.render.sizes import MOST_CHARS, check_method, check_operation, fits
from confwatch.render.source_lines import with_line_ends
from confwatch.render.view import StoreFunctions

MOST_TEMPLATES = 10_000
"""Kept compiled, at some 8 KiB each; to compile one takes longer than to render it."""


class FreshTemplate(Template):
    """A template whose module is made anew for everybody who imports it.

    Otherwise what it computed from the keys of one render would stand in the next.
    """

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        if ctx is None:
            return self.make_module()
        names = ctx.globals_keys - self.globals.keys()
        return self.make_module({name: ctx.parent[name] for name in names})


class TemplateEnvironment(SandboxedEnvironment):
    """Jinja as ``docs/templates.md`` tells it.

    Attributes:
        questions: attributes, calls and prints that took the sandbox's slow way;
            counted, so that a test can tell whether the fast one is taken.
    """

    intercepted_binops = frozenset({"**", "*", "%", "+"})
    code_generator_class = FastCodeGenerator
    template_class = FreshTemplate

    def __init__(
        self,
        loader: FolderLoader,
        functions: Mapping[str, Callable[..., Any]],
        allowance: Allowance,
        note_file: Callable[[str], None],
        loops: LoopMemory | None = None,
    ) -> None:
        """Make the environment.

        Args:
            loader: finds templates.
            functions: by name, what templates may call.
            allowance: what a render may take.
            note_file: told of each template looked for, found or not.
            loops: remembers what pure loops wrote; None where nothing is read.
        """
        super().__init__(
            loader=loader,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
            cache_size=MOST_TEMPLATES,
        )
        self._folder = loader
        self._allowance = allowance
        self._loops = loops
        self._note_file = note_file
        self.filters |= checked_filters({**self.filters})
        self.questions = 0
        self.printed: Callable[[object], str] = printed
        # Another text at every render: no file would ever be as it should be.
        del self.globals["lipsum"], self.filters["random"]
        # Jinja's names come first: confd has none of range, dict, cycler, joiner.
        self.globals.update({name: _own(one) for name, one in functions.items()})

    def getattr(self, obj: object, attribute: str) -> object:
        """Return an attribute; of a mapping its item first."""
        self.questions += 1
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def concat(self, pieces: Iterable[str]) -> str:
        """Join what a macro, block or set block made; it has to fit like all of it."""
        return self._allowance.joined(pieces)

    def call_binop(
        self, context: Context, operator: str, left: object, right: object
    ) -> object:
        """Return what an operation makes, unless that is too much."""
        check_operation(operator, left, right)
        return super().call_binop(context, operator, left, right)

    def call(
        self,
        context: Context,
        called: object,
        /,
        *args: object,
        **kwargs: object,
    ) -> object:
        """Call what a template calls, unless that makes too much."""
        method: Any = getattr(called, "__wrapped__", called)
        owner = getattr(method, "__self__", None)
        if isinstance(owner, str):
            args = check_method(owner, method.__name__, args, kwargs)
        return super().call(context, called, *args, **kwargs)

    def concatenated(self, things: tuple[Any, ...]) -> str:
        """Return what ``~`` makes."""
        texts = [*map(str, things)]
        fits(sum(map(len, texts)), MOST_CHARS)
        return "".join(texts)

    def guarded(self, context: Context, called: object) -> Callable[..., Any]:
        """Return *called* as the sandbox lets it be called."""
        self.questions += 1
        # Macros call each other without a loop, so this is a turn as well.
        self._allowance.check()
        return partial(self.call, context, called)

    def turns(self, items: Iterable[Any]) -> Iterator[Any]:
        """Yield what a loop goes through, until its time is over."""
        return self._allowance.turns(items)

    def remembered(
        self,
        context: Context,
        body: FunctionType,
        outer: tuple[Any, ...],
        called: object,
        pattern: object,
    ) -> Iterator[str]:
        """Return what a pure loop writes; *body* makes the text of some pairs."""
        ours = self.globals.get("gets")
        if called is ours and self._loops is not None and isinstance(pattern, str):
            return self._loops.written(body, outer, pattern)
        # The template has a gets of its own, or this one will say what is wrong.
        return iter([body(self.guarded(context, called)(pattern))])

    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,  # noqa: FBT001, FBT002 - jinja2's signature
    ) -> str:
        """Write a template's code, its loops under our eyes."""
        for loop in source.find_all(nodes.For):
            watched = nodes.EnvironmentAttribute("turns", lineno=loop.lineno)
            loop.iter = nodes.Call(
                watched, [loop.iter], [], None, None, lineno=loop.lineno
            )
        return super()._generate(source, name, filename, defer_init)

    def _tokenize(
        self,
        source: str,
        name: str | None,
        filename: str | None = None,
        state: str | None = None,
    ) -> TokenStream:
        """Cut a template into tokens, line ends kept."""
        stream = super()._tokenize(source, name, filename, state)
        if "\r" not in source:
            return stream
        return TokenStream(with_line_ends(iter(stream), source), name, filename)

    def _load_template(
        self,
        name: str,
        globals: MutableMapping[str, Any] | None,  # noqa: A002 - jinja2's name
    ) -> Template:
        """Load a template, and note that it was looked for."""
        self._note_file(str(self._folder.path(name)))
        return super()._load_template(name, globals)


def _own(function: Callable[..., Any]) -> Own:
    """Return a function as templates have it."""
    own = Own(function)
    own.pure = function in FUNCTIONS
    return own


def confd_functions(
    stores: StoreFunctions, lookups: names.Names, files: local.LocalFiles
) -> dict[str, Callable[..., Any]]:
    """Return what templates may call, by confd's names."""
    return {
        "exists": stores.exists,
        "get": stores.get,
        "getv": stores.getv,
        "gets": stores.gets,
        "getvs": stores.getvs,
        "ls": stores.ls,
        "lsdir": stores.lsdir,
        "split": text.split,
        "join": text.join,
        "toUpper": text.toUpper,
        "toLower": text.toLower,
        "contains": text.contains,
        "replace": text.replace,
        "trimSuffix": text.trimSuffix,
        "base64Encode": text.base64Encode,
        "base64Decode": text.base64Decode,
        "base": paths.base,
        "dir": paths.dir_,
        "json": data.json,
        "jsonArray": data.jsonArray,
        "map": lists.map_,
        "index": lists.index,
        "reverse": lists.reverse,
        "sortByLength": lists.sortByLength,
        "sortKVByLength": lists.sortKVByLength,
        "add": numbers.add,
        "sub": numbers.sub,
        "mul": numbers.mul,
        "div": numbers.div,
        "mod": numbers.mod,
        "seq": numbers.seq,
        "atoi": numbers.atoi,
        "parseBool": numbers.parseBool,
        "printf": printing.printf,
        "getenv": host.getenv,
        "fileExists": files.fileExists,
        "file": files.file,
        "datetime": times.datetime,
        "lookupIP": lookups.lookupIP,
        "lookupIPV4": lookups.lookupIPV4,
        "lookupIPV6": lookups.lookupIPV6,
        "lookupSRV": lookups.lookupSRV,
    }
