"""The lexicon as it is written: sound, each cue with an example, and checks that can fail."""

from typing import Any

import pytest

from nexus_trio.crisis import lint, screen
from nexus_trio.crisis.phrasebook import FILES, load, read_file
from nexus_trio.crisis.spelling import Spelling

SPELLING = Spelling({"dropped": ["really"], "same": {"want to": ["wanna"]}, "sets": {}})
EXAMPLES = [
    pytest.param(row["id"], text, id=f"{row['id']}-{number}")
    for row in [
        *(row for name in FILES for row in read_file(name)["entry"]),
        *read_file("frames")["frame"],
    ]
    for number, text in enumerate(row.get("examples", ()), 1)
]


def test_the_lexicon_is_sound() -> None:
    assert lint.check() == []


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_an_entry_stands_in_its_examples(name: str, text: str) -> None:
    assert name in screen(text).because


def test_every_rule_and_every_rote_phrase_is_of_an_entry() -> None:
    book = load()
    assert book.rote
    assert all(entry.level != "none" for entry in book.rote.values())
    assert all(rule.level != "none" for rule in book.together)


def row(*phrases: str, **more: Any) -> tuple[str, dict[str, Any]]:
    return "file", {"id": "one", "says": "it", "examples": ["x"], "phrases": list(phrases), **more}


@pytest.mark.parametrize(
    ("entry", "finding"),
    [
        (row("one", says=""), "no says: one"),
        (row("one", examples=[]), "no example: one"),
        (row("one two", "one two"), "twice: one and one: one two"),
        (row("one [two]"), "pointless end: one: …one [two]"),
    ],
)
def test_what_an_entry_lacks_is_found(entry: tuple[str, dict[str, Any]], finding: str) -> None:
    assert finding in list(lint.entries([entry]))


@pytest.mark.parametrize(
    ("entry", "finding"),
    [
        (row("one $ two", "six"), "unreachable: one: one $ two"),
        (row("one ^ two"), "unreachable: one: one ^ two"),
        (row("one two three", "(one|four) two"), "shadowed: one: one two three"),
        (
            row("one * six", "one two six", "* $".replace("* $", "ten")),
            "shadowed: one: one two six",
        ),
    ],
)
def test_phrases_that_find_nothing_more_are_found(
    entry: tuple[str, dict[str, Any]], finding: str
) -> None:
    assert list(lint.phrases(SPELLING, [entry])) == [finding]


def test_sets_that_are_not_there_or_not_needed_are_found() -> None:
    known = {"used": ["a {within}"], "within": ["b"], "idle": ["c"]}
    assert list(lint.sets(known, [row("{used} {lost}")])) == [
        "unknown set: lost",
        "unused set: idle",
    ]


def test_a_sound_entry_has_no_finding() -> None:
    entry = row("one (two|three)", "four * $", "^ six # days")
    assert list(lint.entries([entry])) == []
    assert list(lint.phrases(SPELLING, [entry])) == []


def test_what_a_frame_lacks_and_notions_without_one_are_found() -> None:
    frame = {"id": "one", "patterns": ["first > second"], "unless": ["third"]}
    table = {"notions": dict.fromkeys(("first", "second", "third", "idle"), ()), "frame": [frame]}
    assert list(lint.notions(table)) == ["no says: one", "no example: one", "unused notion: idle"]
