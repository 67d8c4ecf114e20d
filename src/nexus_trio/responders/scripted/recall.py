"""When to speak of what the user told: at once, when asked, and now and then unasked."""

from __future__ import annotations

from nexus_trio.responders.scripted.book import listed
from nexus_trio.responders.scripted.labels import labels, seen
from nexus_trio.responders.scripted.memory import TOLD_CHARS, Fact, facts, known_name
from nexus_trio.responders.scripted.reading import Reading, match, question
from nexus_trio.responders.scripted.voice import Voice
from nexus_trio.responders.scripted.words import ASK_MEMORY, EARLY, KINDS, OPEN_END, TELLING


def noted(reading: Reading, voice: Voice) -> str | None:
    """Something told in this very message."""
    if TELLING.isdisjoint(reading.words):
        return None
    told = facts([voice.prompt.message])
    if not told:
        return None
    voice.fact = listed([fact.clause for fact in told[:3]], "and")
    return "noted"


def after_noting(reading: Reading) -> str | None:
    """What else the message asked for, beside what it told."""
    topic = match(reading, EARLY)
    if topic is None and "?" in reading.text:
        topic = question(reading)
    return topic


def remembered(reading: Reading, voice: Voice) -> str | None:
    """What was told earlier, where the user asks for it."""
    flat = reading.flat
    asked = [phrase for phrase in ASK_MEMORY if phrase in flat]
    if not asked:
        return None
    told = _all_told(voice)
    kinds = {kind for phrase, kind in KINDS if phrase in flat}
    kinds |= {fact.kind for fact in told if f" my {fact.kind}" in flat}
    if kinds == {"name"} and not any(fact.kind == "name" for fact in told):
        name = known_name(voice.prompt)
        told = [Fact("name", name, f"you go by {name} here")] if name else []
    chosen = [fact for fact in told if not kinds or fact.kind in kinds]
    if not kinds and OPEN_END.issuperset(asked):
        return None
    voice.fact = listed([fact.clause for fact in chosen[-6:]], "and")
    return "recall" if chosen else "forgot"


def _all_told(voice: Voice) -> list[Fact]:
    """The facts of the history, and the labels behind them."""
    history = voice.prompt.history
    told = facts(exchange.message for exchange in history)
    told += [
        Fact("label", label, f"the label is {label}")
        for exchange in history
        for label in labels(seen(exchange.message))
    ]
    return told


def idle(voice: Voice) -> str | None:
    """Where the user has little to say, half of the time: something that they told."""
    told = something_told(voice) if voice.roll(2) else None
    return callback(voice, told) if told else None


def something_told(voice: Voice) -> Fact | None:
    """One thing told earlier and not said back lately, found from a random place on."""
    history = voice.prompt.history
    start = voice.roll(len(history)) if history else 0
    tries = 4
    for exchange in (*history[start:], *history[:start]):
        message = f" {exchange.message[:TOLD_CHARS]}".lower()
        if tries and (" i " in message or " my " in message):
            tries -= 1
            for fact in facts((exchange.message,)):
                if fact.kind != "name" and fact.value not in voice.past:
                    return fact
    return None


def callback(voice: Voice, fact: Fact) -> str:
    """The topic that brings this fact up again; the slot is filled here."""
    kind = fact.kind if fact.kind in ("like", "live", "work") else "called"
    voice.fact = fact.clause if kind in ("like", "work") else fact.value
    return f"callback_{kind}"
