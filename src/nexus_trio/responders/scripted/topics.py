"""Choosing what a reply is about, from the most telling words to the least."""

from __future__ import annotations

from nexus_trio.responders.scripted.book import the
from nexus_trio.responders.scripted.games import accepted, once_more, riddling
from nexus_trio.responders.scripted.reading import Reading, asks_if_ai, match, question, total
from nexus_trio.responders.scripted.recall import idle, noted, remembered
from nexus_trio.responders.scripted.subject import subject
from nexus_trio.responders.scripted.voice import Voice
from nexus_trio.responders.scripted.words import EARLY, GOING, KEEPING, LATE, PEOPLE


def choose(reading: Reading, voice: Voice) -> str:
    """The topic of the reply; fills the voice's slots on the way.

    First whether it is an AI, then memory, riddles, feelings, the room and its
    themes, and last a follow-up to what the user spoke of.
    """
    if asks_if_ai(reading):
        return "ai"
    if reading.labels and (not reading.words or not KEEPING.isdisjoint(reading.words)):
        return "label"
    return (
        remembered(reading, voice)
        or riddling(reading, voice)
        or noted(reading, voice)
        or _spoken(reading, voice)
        or _reflected(reading, voice)
    )


def _spoken(reading: Reading, voice: Voice) -> str | None:
    """What the words themselves call for."""
    early = match(reading, EARLY) or once_more(reading, voice)
    if early:
        return early
    counted = total(reading)
    if counted:
        topic, voice.topic = counted
        return topic
    late = match(reading, LATE)
    if late in ("yes", "okay"):
        late = accepted(voice) or late
    if late == "okay":
        late = idle(voice) or late
    return _room_talk(reading, voice) or late or _asked(reading, voice)


def _room_talk(reading: Reading, voice: Voice) -> str | None:
    """A neighbouring room that was asked for, or a theme of this one."""
    words, book = reading.words, voice.book
    if len(words) <= 12 and not GOING.isdisjoint(words):
        for word in words:
            if word in book.neighbours:
                voice.topic = the(book.neighbours[word])
                return "other_room"
    for word in words:
        if word in book.themes:
            return book.themes[word]
    return None


def _asked(reading: Reading, voice: Voice) -> str | None:
    kind = question(reading)
    if kind:
        _about(reading, voice)
    return kind


def _about(reading: Reading, voice: Voice) -> str | None:
    voice.topic = voice.topic or subject(reading)
    return voice.topic


def _reflected(reading: Reading, voice: Voice) -> str:
    about = _about(reading, voice)
    if about is None:
        return idle(voice) or "listen"
    noun = about.rpartition(" ")[2]
    if noun not in PEOPLE:
        return "reflect"
    return "grief" if _mourned(noun, voice) else "person"


def _mourned(noun: str, voice: Voice) -> bool:
    """Whether the user spoke of this person's death: then no cheerful question."""
    told = [exchange.message.lower() for exchange in voice.prompt.history]
    return any(noun in text and ("died" in text or "passed away" in text) for text in told)
