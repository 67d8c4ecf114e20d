"""The tables of words and lines, read once at import from the TOML files beside this one.

`words.toml` says how a message is understood, `lines.toml` what every persona
can say, `care.toml` what is said at `concern` and above.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import Any, Final, NamedTuple, TypeAlias


class Phrase(NamedTuple):
    """A phrase that calls up `topic` in messages of at most `most` words; low ranks win."""

    rank: int
    topic: str
    most: int
    text: str


Phrases: TypeAlias = dict[str, list[Phrase]]
"""Phrases by their first word, so that a message pays only for words that it holds."""


class Mark(NamedTuple):
    """Words before something told ("i live in"), its kind, and how it is said back."""

    text: str
    kind: str
    clause: str


def _load(name: str) -> dict[str, Any]:
    folder = resources.files("nexus_trio.responders.scripted")
    return tomllib.loads((folder / name).read_text("utf-8"))


def _lines(name: str) -> dict[str, tuple[str, ...]]:
    return {topic: tuple(lines) for topic, lines in _load(name)["lines"].items()}


def _padded(phrases: Iterable[str]) -> tuple[str, ...]:
    """Each with a space at both ends, so that it is found as whole words only."""
    return tuple(f" {phrase} " for phrase in phrases)


def _phrases(rows: list[dict[str, Any]]) -> Phrases:
    table: Phrases = {}
    for rank, row in enumerate(rows):
        for text in _padded(row["phrases"]):
            phrase = Phrase(rank, row["topic"], row["most"], text)
            table.setdefault(text.split()[0], []).append(phrase)
    return table


COMMON: Final = _lines("lines.toml")
CARE: Final = _lines("care.toml")

_WORDS: Final = _load("words.toml")

EARLY: Final = _phrases(_WORDS["early"])
LATE: Final = _phrases(_WORDS["late"])
SELF: Final = frozenset[str](_WORDS["self"]["words"])
QUESTIONS: Final[dict[str, str]] = {
    word: kind for kind, words in _WORDS["questions"].items() for word in words
}

_AI: Final = _WORDS["ai"]
ASK_AI: Final = _padded(_AI["asked"])
ADDRESSING: Final = _padded(_AI["addressing"])
BEINGS: Final = frozenset[str](_AI["beings"])
POINTING: Final = _padded(_AI["pointing"])
PLAIN_BEINGS: Final = frozenset[str](_AI["plain_beings"])

MARKS: Final = tuple(
    Mark(text, row["kind"], row["clause"])
    for row in _WORDS["told"]
    for text in _padded(row["marks"])
)

_MEMORY: Final = _WORDS["memory"]
TELLING: Final = frozenset[str](_MEMORY["telling"])
KEEPING: Final = frozenset[str](_MEMORY["keeping"])
ASK_MEMORY: Final = _padded(_MEMORY["asked"])
OPEN_END: Final = frozenset(_padded(_MEMORY["open_end"]))
NOT_A_VALUE: Final = frozenset[str](_MEMORY["not_a_value"])
NOT_A_NAME: Final = NOT_A_VALUE | frozenset[str](_MEMORY["not_a_name"])
KINDS: Final[tuple[tuple[str, str], ...]] = tuple(
    (phrase, kind) for kind, phrases in _MEMORY["kinds"].items() for phrase in _padded(phrases)
)
TURNED: Final[dict[str, str]] = _MEMORY["turned"]

_SUBJECT: Final = _WORDS["subject"]
DETERMINERS: Final[dict[str, str]] = _SUBJECT["determiners"]
LEADS: Final[dict[str, int]] = {
    **dict.fromkeys(_SUBJECT["about"], 2),
    **dict.fromkeys(DETERMINERS, 1),
    **dict.fromkeys(_SUBJECT["mine"], 0),
}
"""What leads to a subject, and its rank: the lower, the better."""
PEOPLE: Final = frozenset[str](_SUBJECT["people"])
ADJECTIVES: Final = frozenset[str](_SUBJECT["adjectives"])
ADJECTIVE_HEADS: Final = tuple[str, ...](_SUBJECT["adjective_heads"])
ADJECTIVE_ENDS: Final = tuple[str, ...](_SUBJECT["adjective_ends"])
STOP: Final = frozenset[str](_SUBJECT["stop"])

HARM: Final = frozenset[str](_WORDS["harm"]["words"])
HARM_STEMS: Final = tuple[str, ...](_WORDS["harm"]["stems"])

_TALK: Final = _WORDS["talk"]
ASK_ANSWER: Final = _padded(_TALK["answer"])
MORE: Final = frozenset[str](_TALK["more"])
ASK_SUM: Final = _padded(_TALK["sum"])
GOING: Final = frozenset[str](_TALK["going"])
OFFERS: Final[tuple[tuple[str, str], ...]] = tuple(_TALK["offers"].items())
