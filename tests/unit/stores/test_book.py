"""What a session knows to stand, through doubts and looks; and who may have a key."""

import pytest

from confwatch.contracts import Claim
from confwatch.errors import KeyHeld
from confwatch.model.keys import Key
from confwatch.model.service import Record, Written
from confwatch.stores.book import Book
from confwatch.stores.claims import Held, needs_write

A, B, C = Key("/a"), Key("/b"), Key("/c")
ONE, OTHER = Written("1", "7"), Written("2", "8")
RECORD = Record(A, b"ours")


def test_what_is_in_doubt_may_stand_and_is_not_known_to() -> None:
    book = Book([A], {A: ONE, B: ONE})
    assert book.standing == {A: "1"}, "what is under no lease of ours is forgotten"
    book.doubt(A)
    book.doubt(B)
    assert (book.keys, book.standing, book.written) == ({A, B}, {}, {})
    book.confirm(A, OTHER)
    assert book.standing == {A: "2"}
    book.drop(A)
    assert (book.keys, book.standing) == ({B}, {})


def test_a_look_finds_what_went_what_changed_and_what_came_back() -> None:
    book = Book([A, B], {A: ONE, B: ONE})
    lost = Key("/lost")
    book.doubt(lost)
    assert book.settle({A, C, lost}, {}) == {C}
    assert book.keys == {A, lost}, "B went; A holds other bytes; the answer may come"
    assert book.standing == {}
    assert book.settle({A}, {A: ONE}) == {A}
    assert book.standing == {A: "1"}


@pytest.mark.parametrize("claim", [*Claim])
def test_what_nobody_living_holds_is_free(claim: Claim) -> None:
    for found in (None, Held(b"theirs", ""), Held(b"older", "me")):
        assert needs_write(RECORD, claim, found, ours="me", store="s")
    assert not needs_write(RECORD, claim, Held(b"ours", "me"), ours="me", store="s")


@pytest.mark.parametrize(
    ("claim", "value", "may"),
    [
        (Claim.ANY, b"theirs", True),
        (Claim.SAME, b"ours", True),
        (Claim.SAME, b"theirs", False),
        (Claim.FREE, b"ours", False),
    ],
)
def test_what_somebody_living_holds_takes_a_claim(
    claim: Claim, value: bytes, may: bool
) -> None:
    found = Held(value, "them")
    if may:
        assert needs_write(RECORD, claim, found, ours="me", store="s")
    else:
        with pytest.raises(KeyHeld, match="/a is held by another living lease"):
            needs_write(RECORD, claim, found, ours="me", store="s")
