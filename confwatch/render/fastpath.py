"""What makes the sandbox fast: code for the common cases, written into each template.

A loop over pairs that prints their values is most of what templates do. The stock
sandbox asks about every attribute, call and print; here an exact type test answers
for pairs, our own functions and text, and everything else takes the sandbox's way.
"""

from copy import copy
from dataclasses import fields
from functools import partial
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

from confwatch.model.instance import Instance
from confwatch.render.printed import printed
from confwatch.render.purity import PureLoop, pure_loop
from confwatch.render.refused import Refused

PAIR_NAMES = frozenset({"key", "value", "Key", "Value"})
INSTANCE_NAMES = frozenset(field.name for field in fields(Instance))


class Own(partial[Any]):
    """A function of ours: templates may call it without asking the sandbox.

    Attributes:
        pure: its result follows from its arguments alone.
    """

    pure: bool = False


class FastCodeGenerator(CodeGenerator):
    """Writes the type tests beside the sandbox's questions."""

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        """Write the module, which knows our types by name."""
        self.writeline("from confwatch.mirror.pair import Pair as exact_pair")
        self.writeline(
            "from confwatch.model.instance import Instance as exact_instance"
        )
        self.writeline("from confwatch.render.fastpath import Own as exact_own")
        super().visit_Template(node, frame)

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        """Write the body of a pure loop as a function of its pairs."""
        # A loop's items are wrapped already, to be counted.
        wrapped = node.iter
        plain = frame.eval_ctx.volatile or frame.eval_ctx.autoescape
        pure = None
        if isinstance(wrapped, nodes.Call) and not (
            plain or frame.require_output_check
        ):
            pure = pure_loop(node, wrapped.args[0])
        if pure is None:
            super().visit_For(node, frame)
            return
        body = self._write_body(node, pure, frame)
        if frame.buffer is None:
            self.writeline("yield from ", node)
        else:
            self.writeline(f"{frame.buffer}.extend(", node)
        self.write(f"environment.remembered(context, {body}, (")
        for name in pure.outer:
            ref = frame.symbols.find_ref(name)
            self.write(f"{ref or f'{self.get_resolve_func()}({name!r})'}, ")
        self.write("), ")
        self.visit(pure.call.node, frame)
        self.write(", ")
        self.visit(pure.call.args[0], frame)
        self.write(")" if frame.buffer is None else "))")

    def _write_body(self, node: nodes.For, pure: PureLoop, frame: Frame) -> str:
        """Write the function that makes the text of some pairs; return its name."""
        body, pairs = self.temporary_identifier(), self.temporary_identifier()
        self.writeline(f"def {body}({pairs}):", node)
        self.indent()
        inner = frame.inner()
        for name in pure.outer:
            inner.symbols.load(name)
        self.enter_frame(inner)
        self.buffer(inner)
        items = nodes.Call(
            nodes.EnvironmentAttribute("turns"), [_internal(pairs)], [], None, None
        )
        loop = copy(node)
        loop.iter = items
        super().visit_For(loop, inner)
        self.return_buffer_contents(inner)
        self.outdent()
        return body

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        """Join texts, unless they are too long."""
        if frame.eval_ctx.volatile or frame.eval_ctx.autoescape:
            super().visit_Concat(node, frame)
            return
        self.write("environment.concatenated((")
        for one in node.nodes:
            self.visit(one, frame)
            self.write(", ")
        self.write("))")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        """Read a field of a pair or of an announced service directly."""
        attribute = node.attr
        if attribute in PAIR_NAMES:
            kind, field = "exact_pair", attribute.lower()
        elif attribute in INSTANCE_NAMES:
            kind, field = "exact_instance", attribute
        else:
            super().visit_Getattr(node, frame)
            return
        name = self.temporary_identifier()
        self.write(f"({name}.{field} if type({name} := ")
        self.visit(node.node, frame)
        self.write(f") is {kind} else environment.getattr({name}, {attribute!r}))")

    def visit_Call(
        self,
        node: nodes.Call,
        frame: Frame,
        forward_caller: bool = False,  # noqa: FBT001, FBT002 - jinja2's signature
    ) -> None:
        """Call our own functions directly; they take no names and no stars."""
        named = node.kwargs or node.dyn_args or node.dyn_kwargs
        if not isinstance(node.node, nodes.Name) or named or forward_caller:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        name = self.temporary_identifier()
        self.write(f"({name} if type({name} := ")
        self.visit(node.node, frame)
        self.write(f") is exact_own else environment.guarded(context, {name}))(")
        for argument in node.args:
            self.visit(argument, frame)
            self.write(", ")
        self.write(")")

    def _output_child_pre(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        """Begin to print: text as it is."""
        del node, frame, finalize
        self._printed.append(self.temporary_identifier())
        self.write(f"({self._printed[-1]} if type({self._printed[-1]} := ")

    def _output_child_post(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> None:
        """End to print: what is no text is asked what it is."""
        del node, frame, finalize
        name = self._printed.pop()
        self.write(f") is str else environment.printed({name}))")

    def _output_child_to_const(
        self, node: nodes.Expr, frame: Frame, finalize: CodeGenerator._FinalizeInfo
    ) -> str:
        """Print what is known already, while the template is read."""
        del finalize
        const = node.as_const(frame.eval_ctx)
        if isinstance(node, nodes.TemplateData):
            return str(const)
        try:
            return printed(const)
        except Refused as error:
            # It fails in its line, and only if that line is reached.
            raise nodes.Impossible from error

    @property
    def _printed(self) -> list[str]:
        """The names of what is being printed, the innermost last."""
        names: list[str] = self.__dict__.setdefault("printed_names", [])
        return names


def _internal(name: str) -> nodes.InternalName:
    """Make a name of the written code a node, as Jinja's parser does."""
    made: nodes.InternalName = object.__new__(nodes.InternalName)
    nodes.Node.__init__(made, name)
    return made
