"""What is inserted in commands, and how the shell sees it."""

import shlex

import pytest

from confwatch.errors import RenderError
from confwatch.model.resource import Command
from confwatch.render.commands import CommandValues, fill, problem

EVIL = "/tmp/a b; rm -rf $HOME'"
VALUES = CommandValues(EVIL, "/d", {"/d": EVIL, "/e": "/s2"}, ("/d", "/e e"))


def test_what_is_inserted_is_one_word_to_the_shell() -> None:
    *_, line = fill(Command("check {{ src }}", 1), VALUES)
    assert shlex.split(line) == ["check", EVIL]


def test_a_list_is_as_many_words_as_it_has() -> None:
    *_, line = fill(Command("check {{ dests }}", 1), VALUES)
    assert shlex.split(line) == ["check", "/d", "/e e"]


def test_a_stage_is_found_by_its_target() -> None:
    *_, line = fill(Command('check {{ stages["/e"] }}', 1), VALUES)
    assert line == "check /s2"


def test_a_list_of_words_needs_no_shell_and_no_quotes() -> None:
    assert fill(Command(("check", "{{ src }}"), 1), VALUES) == ("check", EVIL)


def test_confds_commands_are_not_quoted() -> None:
    *_, line = fill(Command("check {{ src }}", 1, quoted=False), VALUES)
    assert line == f"check {EVIL}"


@pytest.mark.parametrize("text", ["{{ src }}", '{{ stages["/none"] }}', "{{ nosuch }}"])
def test_what_has_no_value_fails(text: str) -> None:
    values = CommandValues(None, None, {}, ("/d", "/e"))
    with pytest.raises(RenderError):
        fill(Command(f"check {text}", 1), values)


def test_problems_are_found_without_running() -> None:
    assert problem(Command("nginx -t -c {{ src }}", 1)) is None
    assert "inserts source" in str(problem(Command("x {{ source }}", 1)))
    assert "cannot be filled in" in str(problem(Command("x {{ src", 1)))
