"""What one room's persona can say: its own lines first, the common ones behind."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from nexus_trio.model.world import Room
from nexus_trio.responders.scripted.words import CARE, COMMON

_SLOT: Final = re.compile(r"\{[^{}]*\}")


class Line(NamedTuple):
    """A line and its longest fixed part, by which a reply that used it is known again."""

    text: str
    mark: str


Choice: TypeAlias = tuple[tuple[Line, ...], tuple[Line, ...]]
"""A topic's lines: the persona's own, and the common ones behind them."""


class Book:
    """The tables made from one room; it holds that room, and no word of any user."""

    def __init__(self, room: Room) -> None:
        self.room = room
        own = room.persona.lines
        self.lines: dict[str, Choice] = {
            topic: (as_lines(own.get(topic, ())), as_lines(COMMON.get(topic, ())))
            for topic in (*COMMON, *own)
        }
        self.lines |= {topic: ((), as_lines(texts)) for topic, texts in CARE.items()}
        # A label is said back in every world, also where a line for it forgot to.
        kept, common = self.lines["label"]
        self.lines["label"] = tuple(line for line in kept if "{topic}" in line.text), common
        self.plain = {topic: _without_topic(choice) for topic, choice in self.lines.items()}
        self.themes = {
            word: topic
            for topic in reversed(own)
            if topic not in COMMON and topic not in CARE
            for word in topic.casefold().split()
        }
        self.riddles = tuple(
            (question, answer)
            for line in (*own.get("riddle", ()), *COMMON["riddle"])
            for question, _, answer in (line.partition(" => "),)
        )
        ways = [f"{phrase} to {the(target)}" for phrase, target in room.exits.items()]
        self.exits = listed(ways, "or") or 'anywhere, with "go"'
        self.neighbours = {target.casefold(): target for target in room.exits.values()}


def as_lines(texts: Iterable[str]) -> tuple[Line, ...]:
    """Lines with their marks; of a riddle, the question is what a reply shows."""
    said = [text.partition(" => ")[0] for text in texts]
    return tuple(Line(text, max(_SLOT.split(text), key=len)) for text in said)


def _without_topic(choice: Choice) -> Choice:
    """The lines that need no subject; all of them, where every one does."""
    own, common = (tuple(line for line in part if "{topic}" not in line.text) for part in choice)
    return (own, common) if own or common else choice


def the(name: str) -> str:
    """A room's name, as it stands in a sentence."""
    return f"the {name}"


def listed(items: list[str], word: str) -> str:
    """Items in a row, the last two joined by `word`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"
