"""What the tree promises of itself, beyond what the linters see."""

import ast
import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
MODULES = sorted((TOP / "confwatch").rglob("*.py"))
MOST_LINES = 400
MOST_FUNCTION_LINES = 50
BROAD = {"confwatch/render/renderer.py": 1, "confwatch/pipeline/worker.py": 1}
FOREIGN = re.compile(r"/(home|root|Users|work)/|pypi-more|\bCLAUDE\b", re.IGNORECASE)
KEPT = (".py", ".md", ".toml", ".yaml", ".sh", ".j2", ".service", "")


def shown(path: Path) -> str:
    return str(path.relative_to(TOP))


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_modules_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    for function in functions(ast.parse(text)):
        assert function.end_lineno is not None
        lines = function.end_lineno - function.lineno + 1
        assert lines <= MOST_FUNCTION_LINES, function.name


def test_every_room_says_what_it_is_for() -> None:
    for path in (TOP / "confwatch").rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(path.read_text())), shown(path)


def test_rooms_hold_their_docstring_alone_in_init() -> None:
    for path in (TOP / "confwatch").rglob("__init__.py"):
        body = ast.parse(path.read_text()).body[1:]
        names = [
            node
            for node in body
            if not isinstance(node, ast.Import | ast.ImportFrom | ast.Assign)
        ]
        assert not names, shown(path)


def test_every_exception_is_caught_in_two_places_alone() -> None:
    found: dict[str, int] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler) and (
                node.type is None
                or (isinstance(node.type, ast.Name) and node.type.id == "Exception")
            ):
                found[shown(path)] = found.get(shown(path), 0) + 1
    assert found == BROAD


def test_nothing_names_a_machine() -> None:
    found = []
    for path in TOP.rglob("*"):
        hidden = any(
            part.startswith(".") and part != ".ci"
            for part in path.relative_to(TOP).parts
        )
        if hidden or not path.is_file() or path.suffix not in KEPT:
            continue
        if {"demo-run", "__pycache__"} & set(path.parts) or path == Path(__file__):
            continue
        found += [
            f"{shown(path)}: {line.strip()}"
            for line in path.read_text(errors="replace").splitlines()
            if FOREIGN.search(line)
        ]
    assert not found
