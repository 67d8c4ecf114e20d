"""One reply, put together: an opening, a line, a tail, and the labels said back."""

from __future__ import annotations

from typing import Final

from nexus_trio.responders.base import Prompt
from nexus_trio.responders.scripted.book import Book, listed
from nexus_trio.responders.scripted.care import care
from nexus_trio.responders.scripted.reading import Reading, read
from nexus_trio.responders.scripted.recall import after_noting, callback, something_told
from nexus_trio.responders.scripted.topics import choose
from nexus_trio.responders.scripted.voice import Voice

REPLY_CHARS: Final = 800
ALOUD_CHARS: Final = 300
"""Of a reply that a whole room hears: a line or two, and no story."""

# Topics that may have a second sentence, as the themes of a room may; and those
# that never have one, even where the room has lines of its own for them.
_TAILED: Final = frozenset({"noted", "recall", "who", "place", "sum", "ai", "answer", "guess_yes"})
_UNTAILED: Final = frozenset(
    {"goodbye", "thanks", "riddle", "bored", "laugh", "help", "listen", "reflect", "person"}
)


def make_reply(seed: int, book: Book, prompt: Prompt) -> str:
    """The reply to `prompt`, 1 to 800 characters: a pure function of what it is given."""
    reading, voice = read(prompt.message), Voice(seed, book, prompt)
    said = _plain(reading, voice) if prompt.crisis_level == "none" else care(reading, voice)
    kept = ""
    if reading.labels:
        voice.topic = listed(reading.labels, "and")
        kept = f" {voice.say('label')}"
    most = ALOUD_CHARS if prompt.aloud else REPLY_CHARS
    return (_clip(said, most - len(kept)) + kept).strip()


def _plain(reading: Reading, voice: Voice) -> str:
    topic = choose(reading, voice)
    if voice.prompt.aloud:  # no introductions, and no questions on top, before a whole room
        return "" if topic == "label" else voice.say(topic)
    opening = _opening(topic, voice)
    if topic == "label":
        return opening
    if opening and topic in ("greeting", "who", "ai"):
        return f"{opening} {voice.say('ask')}"
    said = voice.say(topic)
    if topic == "noted":
        follow = after_noting(reading)
        said = f"{said} {voice.say(follow)}" if follow else said
    return f"{opening} {said}" if opening else f"{said} {_tail(topic, said, voice)}".strip()


def _opening(topic: str, voice: Voice) -> str:
    """Who speaks, on the first turn and where this persona has not been met yet."""
    history, turn = voice.prompt.history, voice.prompt.turn
    if turn == 1 or (not history and turn < 2):
        return voice.say("intro")
    whole = len(history) >= min(turn - 1, 10)
    if not whole or not history or topic in ("ai", "who"):
        return ""
    name = voice.book.room.persona.name
    if any(name in exchange.response for exchange in history):
        return ""
    return voice.say("arrive")


def _tail(topic: str, said: str, voice: Voice) -> str:
    """Sometimes a second sentence: something remembered, or a question of the persona's."""
    own = voice.book.room.persona.lines
    if (
        voice.gentle
        or said.endswith("?")
        or topic in _UNTAILED
        or (topic not in _TAILED and topic not in own)
    ):
        return ""
    roll = voice.roll(4)
    if topic != "recall" and roll == 0:
        told = something_told(voice)
        if told:
            return voice.say(callback(voice, told))
    quiet = topic != "noted" and roll <= (2 if topic in ("story", "joke", "poem") else 1)
    return "" if quiet else voice.say("ask")


def _clip(text: str, most: int) -> str:
    """At most `most` characters, cut between words."""
    if len(text) <= most:
        return text
    cut = text[: most - 1].rsplit(" ", 1)[0]
    return f"{cut.rstrip(' ,;:')}…"
