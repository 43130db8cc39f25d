"""confd's commands as ours: Go's insertions become Jinja's, all else stays literal.

Pure but for telling a place. Knows one kind of action, a bare field: ``{{.src}}``.
"""

import re
from collections.abc import Collection

from confwatch.config.places import Place, quoted

# What begins something in Jinja or would with what replaces the next character, and
# the one character it would not hand through.
_SPECIAL = re.compile(r"\{(?=[{%#\r])|\r")
_INSERTION = re.compile(r"\{\{[ \t\r\n]*\.([A-Za-z_]+)[ \t\r\n]*\}\}")


def verbatim(text: str) -> str:
    """Return the Jinja text that comes out as *text*, such as ``${#name}``."""
    return _SPECIAL.sub(lambda found: f"{{{{ {found[0]!r} }}}}", text)


def read_check_text(text: str, place: Place) -> str:
    """Return a check_cmd as Jinja, and warn of one that looks elsewhere."""
    made = _translated(text, place, ["src"])
    if "{{ src }}" not in made:
        place.warn(
            "names no staged file ({{.src}}), so it judges what is installed now"
        )
    return made


def read_reload_text(text: str, place: Place, *, forked: bool) -> str:
    """Return a reload_cmd as Jinja: the original never looks into it, the fork does."""
    if forked:
        return _translated(text, place, ["dest"])
    if "{{" in text:
        place.warn(
            "confd 0.16 fills in nothing here: the shell gets {{ as it is written"
            " (confd_compat 0.41 fills in {{.dest}})"
        )
    return verbatim(text)


def _translated(text: str, place: Place, names: Collection[str]) -> str:
    """Return Go's template *text* as Jinja; only *names* can be inserted.

    Source: https://pkg.go.dev/text/template, "Actions": the first ``{{`` opens one.
    """
    made: list[str] = []
    position = 0
    while (start := text.find("{{", position)) >= 0:
        found = _INSERTION.match(text, start)
        if found is None or found[1] not in names:
            raise place.refuse(_refusal(text, start, names))
        made += [verbatim(text[position:start]), f"{{{{ {found[1]} }}}}"]
        position = found.end()
    return "".join([*made, verbatim(text[position:])])


def _refusal(text: str, start: int, names: Collection[str]) -> str:
    """Say what can be inserted instead of what stands at *start*."""
    found = _INSERTION.match(text, start)
    if found and found[1] == "src":
        return "a reload comes after the move, when {{.src}} is gone: use {{.dest}}"
    end = text.find("}}", start)
    action = text[start : end + 2] if end >= 0 else text[start:]
    known = " and ".join(f"{{{{.{name}}}}}" for name in names)
    return f"expected no Go template action but {known}, got {quoted(action)}"
