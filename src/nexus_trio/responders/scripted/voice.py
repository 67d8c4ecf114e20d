"""The persona's voice: choosing a line that was not used lately, and filling its slots."""

from __future__ import annotations

import hashlib
from typing import Final

from nexus_trio.responders.base import Prompt
from nexus_trio.responders.scripted.book import Book, Line, as_lines, the
from nexus_trio.responders.scripted.labels import SEEN_CHARS, sentence
from nexus_trio.responders.scripted.memory import known_name
from nexus_trio.responders.scripted.words import CARE

_CARE_MARKS: Final = tuple(line.mark for line in as_lines((*CARE["crisis"], *CARE["imminent"])))


class Voice:
    """What one reply is said with; lives for one call.

    `topic` and `fact` fill the slots of these names. All chance comes from a
    keyed hash of the seed and the prompt: never from `hash()`, which differs
    from process to process, nor from a global random source.
    """

    def __init__(self, seed: int, book: Book, prompt: Prompt) -> None:
        self.book = book
        self.prompt = prompt
        self.past = "\n".join(exchange.response for exchange in prompt.history[-12:])
        key = f"{seed}\0{book.room.name}\0{prompt.turn}\0{prompt.message[:SEEN_CHARS]}"
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        self._dice = int.from_bytes(digest, "big")
        # Soon after words of care the persona's jokes would jar: plain lines, then.
        lately = "\n".join(exchange.response for exchange in prompt.history[-3:])
        self.gentle = any(mark in lately for mark in _CARE_MARKS)
        self.topic: str | None = None
        self.fact = ""

    def roll(self, sides: int) -> int:
        """A number below `sides`, the next of a fixed row for this prompt."""
        self._dice, face = divmod(self._dice, sides)
        # 64 bits last for every roll of one reply; the constant keeps a spent row going.
        self._dice = self._dice or 0x9E3779B97F4A7C15
        return face

    def say(self, topic: str) -> str:
        """A line of `topic`, not used lately, with its slots filled."""
        own, common = (self.book.lines if self.topic else self.book.plain)[topic]
        if self.gentle and common:
            own = ()
        return self._fill(self._fresh(own, common))

    def _fresh(self, own: tuple[Line, ...], common: tuple[Line, ...]) -> str:
        """The persona's own lines first; where all were used lately, the one longest ago."""
        first = own or common
        start = self.roll(len(first))
        for line in (*first[start:], *first[:start], *common):
            if line.mark not in self.past:
                return line.text
        _, place = min(
            (self.past.rfind(line.mark), place) for place, line in enumerate((*own, *common))
        )
        return (*own, *common)[place].text

    def _fill(self, text: str) -> str:
        if "{" not in text:
            return text
        if "{,name}" in text:
            name = known_name(self.prompt) if self.roll(3) else None
            text = text.replace("{,name}", f", {name}" if name else "")
        text = text.replace("{persona}", self.book.room.persona.name)
        text = text.replace("{room}", the(self.book.room.name))
        text = text.replace("{exits}", self.book.exits)
        text = text.replace("{fact}", self.fact).replace("{topic}", self.topic or "that")
        return sentence(text)
