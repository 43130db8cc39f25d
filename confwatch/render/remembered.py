"""The texts of pure loops, remembered: a change renders its own chunk, not all of it.

What is remembered belongs to a resource, and only while its last render wrote it.
"""

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from types import FunctionType
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from confwatch.mirror.listing import Chunk
from confwatch.model.keys import Ref
from confwatch.render.fastpath import Own

MOST_CHARS = 16 * 1024 * 1024
"""Of all texts together; loops beyond it are run through every time."""

Chunks: TypeAlias = Callable[[str], tuple[Ref, Sequence[Chunk]]]

# Not float: 0.0 and -0.0 are equal, and print differently.
_COMPARABLE = (str, int, bool, type(None))


class _Key(NamedTuple):
    """What the texts of a loop follow from, beside its pairs.

    Attributes:
        code: identity of the body as it was compiled; another one after an edit.
            Equality would not do: two bodies may differ in a filter alone, which
            compiled code knows by a number.
        outer: what the names outside the loop stand for, and their types.
        pattern: so that a loop run for two patterns does not forget the first.
    """

    code: int
    outer: tuple[tuple[type, Hashable], ...]
    pattern: Ref


class _Loop(Struct, frozen=True):
    """What one loop wrote.

    Attributes:
        code: keeps the identity in the key from being given to another.
        texts: of each chunk, in order.
    """

    code: object
    texts: tuple[tuple[Chunk, str], ...]


@dataclass(slots=True)
class _Render:
    """The loops of one render of one resource."""

    loops: dict[_Key, _Loop] = field(default_factory=dict)
    chars: int = 0


class LoopMemory:
    """What pure loops wrote for each chunk of pairs, by resource."""

    def __init__(self, chunks: Chunks) -> None:
        """Make an empty memory; *chunks* does what templates know as ``gets``."""
        self._chunks = chunks
        self._chars = 0
        self._renders: dict[str, _Render] = {}
        self._last, self._now = _Render(), _Render()

    def begin(self, resource: str) -> None:
        """Remember for this resource from now on."""
        self._last = self._renders.get(resource, _Render())
        self._now = _Render()

    def end(self, resource: str) -> None:
        """Take what was written since ``begin`` in place of what was before."""
        self.forget(resource)
        if self._now.loops:
            self._renders[resource] = self._now
            self._chars += self._now.chars
        self._last, self._now = _Render(), _Render()

    def forget(self, resource: str) -> None:
        """Drop what is remembered of a resource."""
        self._chars -= self._renders.pop(resource, _Render()).chars

    def written(
        self, body: FunctionType, outer: tuple[object, ...], pattern: str
    ) -> Iterator[str]:
        """Yield what a loop over ``gets(pattern)`` writes, a text for each chunk.

        Args:
            body: makes the text of some pairs; pure but for *outer*.
            outer: what the names outside the loop stand for at this moment.
            pattern: as the template has it.
        """
        ref, chunks = self._chunks(pattern)
        # A single chunk is rendered anew by every change of it.
        if len(chunks) <= 1 or not all(map(_is_comparable, outer)):
            yield from map(body, chunks)
            return
        stands = tuple((type(one), one) for one in outer)
        key = _Key(id(body.__code__), stands, ref)
        known = self._last.loops.get(key)
        texts: list[tuple[Chunk, str]] = []
        for one in _texts(chunks, () if known is None else known.texts, body):
            texts.append(one)
            yield one[1]
        self._keep(key, _Loop(body.__code__, tuple(texts)))

    def _keep(self, key: _Key, loop: _Loop) -> None:
        """Remember a loop, if there is room."""
        chars = sum(len(text) for _, text in loop.texts)
        used = self._chars - self._last.chars + self._now.chars
        if key not in self._now.loops and used + chars <= MOST_CHARS:
            self._now.loops[key] = loop
            self._now.chars += chars


def _texts(
    chunks: Sequence[Chunk],
    last: Sequence[tuple[Chunk, str]],
    body: Callable[[Chunk], str],
) -> Iterator[tuple[Chunk, str]]:
    """Yield each chunk with its text, which is the last one where that is known."""
    known = {id(chunk): text for chunk, text in last}
    for number, chunk in enumerate(chunks):
        text = known.get(id(chunk))
        if text is None and number < len(last) and last[number][0] == chunk:
            text = last[number][1]
        yield chunk, body(chunk) if text is None else text


def _is_comparable(thing: object) -> bool:
    """Tell whether a value can be held against a later one, and changes nothing."""
    return type(thing) in _COMPARABLE or (isinstance(thing, Own) and thing.pure)
