"""How phrases are written, and that a slip of the pen is refused."""

from typing import Any

import pytest

from nexus_trio.crisis.phrasebook import Phrasebook
from nexus_trio.crisis.phrases import HERE

SPELLING: dict[str, Any] = {
    "dropped": ["really"],
    "same": {"do not": ["don't"], "want to": ["wanna"]},
    "sets": {"colour": ["red", "dark [sea] green"]},
}


def book(*phrases: str, **row: Any) -> Phrasebook:
    entry = {"id": "one", "level": "crisis", "phrases": list(phrases), **row}
    return Phrasebook(SPELLING, [{"entry": [entry]}])


def sequences(node: dict[str, Any], words: tuple[str, ...] = ()) -> set[str]:
    found = {" ".join(words)} if HERE in node else set()
    for word, child in node.items():
        if word != HERE:
            found |= sequences(child, (*words, word))
    return found


@pytest.mark.parametrize(
    ("phrase", "meant"),
    [
        ("one two", {"one two"}),
        ("one (two|six ten)", {"one two", "one six ten"}),
        ("one [two [six]] ten", {"one ten", "one two ten", "one two six ten"}),
        ("paint {colour}", {"paint red", "paint dark gren", "paint dark sea gren"}),
        ("one * $", {"one * $"}),
        ("^ # days", {"^ # days"}),
        ("I don't wanna", {"i do not want to"}),
        ("one [|two]", {"one", "one two"}),
    ],
)
def test_what_a_phrase_means(phrase: str, meant: set[str]) -> None:
    assert sequences(book(phrase).cues) == meant


def test_phrases_with_the_same_beginning_share_it_and_both_hold() -> None:
    both = book("one two", "one two three", "one (two|four)")
    assert sequences(both.cues) == {"one two", "one two thre", "one four"}


@pytest.mark.parametrize(
    "phrase", ["(one", "one)", "[one", "* one", "[one]", "", "one really two", "one (two|three]"]
)
def test_a_slip_of_the_pen_is_refused(phrase: str) -> None:
    with pytest.raises(ValueError, match=r"phrase|dropped"):
        book(phrase)


@pytest.mark.parametrize(
    "row",
    [
        {"kind": "wish"},
        {"level": "none"},
        {"level": "grave"},
        {"kind": "guard", "level": "none", "place": "near"},
        {"kind": "guard", "level": "none", "place": "over", "lowers_to": "less"},
    ],
)
def test_an_unknown_kind_level_or_place_is_refused(row: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="'one'"):
        book("two", **row)


def test_two_entries_with_one_id_are_refused() -> None:
    row = {"id": "one", "level": "crisis", "phrases": ["two"]}
    with pytest.raises(ValueError, match="rename"):
        Phrasebook(SPELLING, [{"entry": [row, row]}])


def test_a_rule_about_an_entry_that_is_not_there_is_refused() -> None:
    rule = {"id": "both", "level": "imminent", "groups": [["one"], ["two"]]}
    with pytest.raises(ValueError, match="'two'"):
        Phrasebook(
            SPELLING,
            [{"entry": [{"id": "one", "level": "crisis", "phrases": ["a"]}], "together": [rule]}],
        )
