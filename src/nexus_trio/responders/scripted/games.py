"""Riddles, and what a reply offered: found again in the history, for nothing is kept here."""

from __future__ import annotations

from typing import Final

from nexus_trio.responders.scripted.memory import facts
from nexus_trio.responders.scripted.reading import Reading, match
from nexus_trio.responders.scripted.voice import Voice
from nexus_trio.responders.scripted.words import ASK_ANSWER, EARLY, LATE, MORE, OFFERS

_REPEATABLE: Final = ("story", "joke", "riddle", "poem")


def riddling(reading: Reading, voice: Voice) -> str | None:
    """A guess at the open riddle, or a wish for its answer."""
    asked = len(reading.words) <= 12 and any(phrase in reading.flat for phrase in ASK_ANSWER)
    if " another " in reading.flat or not (asked or len(reading.words) <= 8):
        return None
    riddle = _open_riddle(voice)
    if riddle is None:
        return "no_riddle" if asked and " the answer " in reading.flat else None
    age, answer = riddle
    key = answer.split()[-1].lower()
    if key in reading.words or (key.isascii() and f"{key}s" in reading.words):
        voice.topic = answer
        return "guess_yes"
    if asked and not _other_wish(reading):
        voice.topic = answer
        return "answer"
    return _missed(reading, voice, age)


def accepted(voice: Voice) -> str | None:
    """The topic that a plain yes calls for: what the last reply offered."""
    history = voice.prompt.history
    offer = history[-1].response[-90:] if history else ""
    if not offer.endswith("?") and "sk me for" not in offer and "sk for one" not in offer:
        return None
    for words, topic in OFFERS:
        if words in offer:
            return _reveal(voice) if topic == "answer" else topic
    return None


def once_more(reading: Reading, voice: Voice) -> str | None:
    """What the last reply told, where the user asks for another."""
    history = voice.prompt.history
    if not history or len(reading.words) > 4 or MORE.isdisjoint(reading.words):
        return None
    last = history[-1].response
    for topic in _REPEATABLE:
        if any(line.mark in last for part in voice.book.lines[topic] for line in part):
            return topic
    return None


def _open_riddle(voice: Voice) -> tuple[int, str] | None:
    """How many replies ago a riddle was put, and its answer, if still open."""
    history = voice.prompt.history
    for age, exchange in enumerate(reversed(history[-4:])):
        for question, answer in voice.book.riddles:
            if question in exchange.response:
                later = history[len(history) - age :]
                solved = any(answer in each.response for each in later)
                return None if solved else (age, answer)
    return None


def _reveal(voice: Voice) -> str:
    riddle = _open_riddle(voice)
    if riddle is None:
        return "no_riddle"
    voice.topic = riddle[1]
    return "answer"


def _other_wish(reading: Reading) -> bool:
    return match(reading, EARLY) is not None


def _missed(reading: Reading, voice: Voice, age: int) -> str | None:
    """A few words right after a riddle are a guess, unless plainly something else."""
    if age or _other_wish(reading) or reading.labels:
        return None
    late = match(reading, LATE)
    if late in ("yes", "okay") and (wish := accepted(voice)):
        return wish
    if late or facts([voice.prompt.message]):
        return None
    guess = len(reading.words) <= 5 and reading.words[:1] != ["why"]
    return "guess_no" if guess else None
