"""Replies at `concern` and above: words of care, and nothing of the persona's own."""

from __future__ import annotations

from typing import Final

from nexus_trio.responders.scripted.reading import Reading, asks_if_ai
from nexus_trio.responders.scripted.voice import Voice

_LEVELS: Final = ("concern", "crisis", "imminent")


def care(reading: Reading, voice: Voice) -> str:
    """The reply at the prompt's crisis level; one that is not known counts as `crisis`."""
    level = voice.prompt.crisis_level
    if level not in _LEVELS:
        level = "crisis"
    if asks_if_ai(reading):
        return voice.say("ai_care" if level == "concern" else "ai_crisis")
    said = voice.say(level)
    if voice.prompt.turn == 1:
        return f"I'm {voice.book.room.persona.name}, an AI. {said}"
    return said
