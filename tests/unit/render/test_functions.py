"""Where confd's functions and Python's ways of doing such things differ."""

from datetime import UTC, datetime
from typing import Any

import pytest

from confwatch.mirror.pair import Pair
from confwatch.render.functions import data, host, lists, numbers, paths, printing, text
from confwatch.render.functions.local import LocalFiles
from confwatch.render.functions.times import GoTime
from confwatch.render.refused import Refused

NO_TEXT: Any = 1


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (numbers.div(-7, 2), -3),
        (numbers.mod(-7, 2), -1),
        (numbers.mod(7, -2), 1),
        ([*numbers.seq(1, 3)], [1, 2, 3]),
        ([*numbers.seq(3, 1)], []),
        (numbers.atoi("+7"), 7),
        (paths.base("/x/y/"), "y"),
        (paths.dir_("/x/y/"), "/x/y"),
        (paths.dir_("x"), "."),
        (paths.dir_("//x//y"), "/x"),
        (text.toUpper("straße"), "STRAßE"),
        (text.split("", ","), [""]),
        (text.split("abc", ""), ["a", "b", "c"]),
        (text.contains("abc", ""), True),
        (text.base64Decode("VmFs\ndWU="), "Value"),
        (lists.reverse(["a", "b"]), ["b", "a"]),
        (
            lists.reverse([Pair("/b", ""), Pair("/a", "")]),
            [Pair("/a", ""), Pair("/b", "")],
        ),
        (lists.sortKVByLength([Pair("/bb", "1"), Pair("/a", "2")])[0].key, "/a"),
        ([*data.json('{"b": {"z": 1, "a": 2}, "a": 3}')], ["a", "b"]),
        ([*data.json('{"b": {"z": 1, "a": 2}}')["b"]], ["a", "z"]),
        (printing.printf("%-5s|%3d|%%", "a", 7), "a    |  7|%"),
    ],
)
def test_it_is_as_in_go(made: Any, expected: Any) -> None:
    assert made == expected


@pytest.mark.parametrize(
    "refused",
    [
        lambda: numbers.div(1, 0),
        lambda: numbers.mod(1, 0),
        lambda: numbers.atoi("1_000"),
        lambda: numbers.atoi(" 1"),
        lambda: numbers.atoi("--1"),
        lambda: numbers.parseBool("yes"),
        lambda: text.join([NO_TEXT], ","),
        lambda: text.base64Decode("a b="),
        lambda: lists.map_("a"),
        lambda: lists.map_(1, 2),
        lambda: lists.index([1], 1),
        lambda: lists.index([1], -1),
        lambda: lists.index({}, "a"),
        lambda: data.json("[1]"),
        lambda: data.json(""),
        lambda: data.json('{"a": NaN}'),
        lambda: data.jsonArray("{}"),
        lambda: printing.printf("%d", "x"),
        lambda: printing.printf("%s"),
        lambda: printing.printf("x", 1),
    ],
)
def test_it_is_refused_as_in_go(refused: Any) -> None:
    with pytest.raises(Refused):
        refused()


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CW_EMPTY", "")
    assert host.getenv("CW_EMPTY", "default") == "default"
    assert host.getenv("CW_EMPTY") == ""


def test_a_file_below_a_file_does_not_exist() -> None:
    assert LocalFiles().fileExists("/")
    assert not LocalFiles().fileExists("/etc/passwd/none")


def test_a_moment_is_written_by_gos_layouts() -> None:
    moment = GoTime(datetime(2024, 3, 5, 14, 7, 9, 120000, UTC))
    assert str(moment) == "2024-03-05 14:07:09.12 +0000 UTC"
    assert moment.Format("Jan _2 3:04PM 06") == "Mar  5 2:07PM 24"
    assert moment.Format("Z07:00 05.000") == "Z 09.120"
