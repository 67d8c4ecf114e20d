"""What a message says: its words, and what they ask for. Pure, and bounded by what is read."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from nexus_trio.responders.scripted.labels import SEEN_CHARS, labels, seen
from nexus_trio.responders.scripted.words import (
    ADDRESSING,
    ASK_AI,
    ASK_SUM,
    BEINGS,
    PLAIN_BEINGS,
    POINTING,
    QUESTIONS,
    SELF,
    Phrase,
    Phrases,
)

_SEEN_WORDS: Final = 100
_FEELINGS: Final = frozenset({"sad", "lonely", "anxious", "angry", "tired", "bored", "happy"})
_AT_START: Final = frozenset({"greeting", "yes", "no", "okay", "laugh"})

_WORD: Final = re.compile(r"[^\W_][\w']*")
_DIGIT: Final = re.compile("[0-9]")
_SUM: Final = re.compile(
    r"(?<![\w.])(\d{1,6}) ?([-+*/x\u00d7\u00f7]|plus|minus|times|divided by) ?(\d{1,6})(?![\w.])",
    re.ASCII,
)


class Reading(NamedTuple):
    """A message as it is looked at, without its labels, which are no words of the talk.

    `flat` is in lower case, without punctuation, and padded; `words` are its
    words, and `raw` the same as they were written.
    """

    text: str
    flat: str
    words: list[str]
    raw: list[str]
    labels: list[str]


def read(message: str) -> Reading:
    """The first 500 characters and 100 words of a message, and its first three labels."""
    text = seen(message)
    kept = labels(text)
    for label in kept:
        text = text.replace(label, "")
    text = text[:SEEN_CHARS].replace("\u2019", "'")
    raw = _WORD.findall(text)[:_SEEN_WORDS]
    words = " ".join(raw).replace("'", "").lower().split(" ")
    return Reading(text, f" {' '.join(words)} ", words, raw, kept)


def asks_if_ai(reading: Reading) -> bool:
    """Whether the user wants to know if a person or a program writes the replies."""
    flat = reading.flat
    if flat.endswith(" what are you ") or any(phrase in flat for phrase in ASK_AI):
        return True
    if BEINGS.isdisjoint(reading.words):
        return False
    return _meets(flat, ADDRESSING, BEINGS, 6) or _meets(flat, POINTING, PLAIN_BEINGS, 4)


def _meets(flat: str, phrases: tuple[str, ...], beings: frozenset[str], near: int) -> bool:
    """Whether one of `beings` stands within `near` words after one of `phrases`."""
    for phrase in phrases:
        place = flat.find(phrase)
        if place >= 0:
            following = flat[place + len(phrase) :].split(None, near)[:near]
            if not beings.isdisjoint(following):
                return True
    return False


def match(reading: Reading, table: Phrases) -> str | None:
    """The topic of the first row that one of the message's phrases stands in."""
    best: Phrase | None = None
    flat = reading.flat
    for word in table.keys() & set(reading.words):
        for phrase in table[word]:
            # Few of them stand in it at all: that comes first.
            if phrase.text in flat and (best is None or phrase.rank < best.rank):
                best = phrase if _fits(phrase, reading) else best
    return best.topic if best else None


def _fits(phrase: Phrase, reading: Reading) -> bool:
    """Whether the phrase, which stands in the message, means there what it says."""
    _, topic, most, text = phrase
    count, flat = len(reading.words), reading.flat
    if count > most or f" not{text}" in flat:
        return False
    if topic in _FEELINGS:  # one's own, or so short that it must be
        return count <= 3 or not SELF.isdisjoint(reading.words)
    return topic not in _AT_START or flat.startswith(text)


def question(reading: Reading) -> str | None:
    """The topic of a question: its kind, as "why"; None where nothing is asked."""
    first = reading.words[0] if reading.words else ""
    if "?" not in reading.text and first not in QUESTIONS:
        return None
    if " should i " in reading.flat or " shall i " in reading.flat:
        return "should"
    for word in reading.words[:20]:
        if word in QUESTIONS:
            return QUESTIONS[word]
    return "yesno"


def total(reading: Reading) -> tuple[str, str] | None:
    """Topic and value where a small sum was asked for."""
    if _DIGIT.search(reading.text) is None:
        return None
    low = reading.text.lower()
    found = _SUM.search(low)
    if found is None:
        return None
    alone = low.strip(" ?=.!") == found[0].strip()
    if not alone and not any(phrase in reading.flat for phrase in ASK_SUM):
        return None
    left, right, sign = int(found[1]), int(found[3]), found[2]
    if sign in ("/", "\u00f7", "divided by"):
        return ("sum", f"{left / right:.6g}") if right else ("no_sum", "")
    if sign in ("+", "plus"):
        return "sum", str(left + right)
    return "sum", str(left - right if sign in ("-", "minus") else left * right)
