"""How phrases are written, and that a slip of the pen is refused."""

import random
from collections.abc import Iterator
from typing import Any

import pytest

from nexus_trio.crisis.needs import PHRASE, Needs
from nexus_trio.crisis.normalise import normalise
from nexus_trio.crisis.phrasebook import Phrasebook, load
from nexus_trio.crisis.phrases import ANY, END, HERE, NUMBER, START, Node
from nexus_trio.crisis.spelling import Words

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


def paths(root: Node, draw: random.Random, count: int) -> Iterator[list[str]]:
    """Words that lead from the root of a tree to an entry, one way drawn after the other."""
    for _ in range(count):
        node, path = root, list[str]()
        while HERE not in node or (len(node) > 1 and draw.random() < 0.5):
            word = draw.choice([word for word in node if word != HERE])
            path.append({ANY: "zzz", NUMBER: "7"}.get(word, word))
            node = node[word]
        yield [word for word in path if word not in (START, END)]


def as_written(
    words: list[str], variants: dict[Words, list[str]], draw: random.Random
) -> list[str]:
    """The words, most of them as others write them, where others do, with words that are dropped
    in between."""
    written, at = list[str](), 0
    while at < len(words):
        size = draw.choice((1, 2))
        also = variants.get(tuple(words[at : at + size])) if draw.random() < 0.8 else None
        written.append(draw.choice(also) if also else words[at])
        if draw.random() < 0.2:
            written.append(draw.choice(variants[()]))
        at += size if also else 1
    return written


def test_whatever_has_a_cue_has_the_words_that_are_asked_for() -> None:
    book, draw = load(), random.Random(1)
    needs = Needs(book)
    variants: dict[Words, list[str]] = {}
    for word, plain in book.spelling.words.items():
        variants.setdefault(plain, []).append(word)
    for path in paths(book.cues, draw, 5_000):
        for spoken in (path, as_written(path, variants, draw)):
            assert needs.two(set(spoken)), path
            assert needs.paired(set(spoken)), path
            assert needs.likely(spoken, [1000]) & PHRASE, spoken
            around = [*draw.choices(["zzz", *spoken], k=3), *spoken, "i", "zzz"]
            assert needs.likely(around, [1000]) & PHRASE, around


def test_what_is_asked_for_has_its_order_and_its_gaps() -> None:
    phrases = ["kill [*] myself", "^ the end $"]
    files = [{"entry": [{"id": "one", "level": "crisis", "phrases": phrases}]}]
    needs = Needs(Phrasebook(SPELLING, files))
    for words, likely in (
        ("will kill myself", True),
        ("kill or myself", True),
        ("myself kill", False),
        ("kill them all myself", False),
        ("kill", False),
        ("to the end of", True),  # ends of clauses are left to the tree
        ("end the", False),
    ):
        assert bool(needs.likely(normalise(words).split(), [9]) & PHRASE) is likely, words
        assert needs.likely(normalise(words).split(), [0]) & PHRASE or not likely
