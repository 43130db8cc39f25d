"""Line ends of templates: kept as they were written, each of them.

Jinja makes every line end the same before it looks at a template.
"""

import re
from collections.abc import Iterator

from jinja2.lexer import Token

LINE_END = re.compile(r"\r\n|\r|\n")


def with_line_ends(tokens: Iterator[Token], source: str) -> Iterator[Token]:
    """Yield the tokens of *source*, the text among them with its own line ends."""
    ends = LINE_END.findall(source)
    for token in tokens:
        if token.type != "data":
            yield token
            continue
        lines = token.value.split("\n")
        first = token.lineno - 1
        kept = [line + ends[first + number] for number, line in enumerate(lines[:-1])]
        yield Token(token.lineno, token.type, "".join([*kept, lines[-1]]))
