"""What a persona says aloud of what the responder writes: screened, whole sentences, few."""

from __future__ import annotations

import re
from typing import Final

from nexus_trio.crisis.output import OutputScreen

MOST_CHARS: Final = 1200
"""What is said in one answer, for all in the room must read it."""

SHORT: Final = 24
"""A sentence shorter than this waits for the next one: "No. 5" and "Ha!" are no events."""

LONG: Final = 600
"""A sentence that is longer is cut between two words."""

ENOUGH: Final = "I'd rather leave it at that."
"""Stands where the rest was withheld. Guidance would show to all what was found in whose words;
a speaker in need has had the notice, alone."""

_END: Final = re.compile("[.!?\u2026][\"')\\]\u201d]*\\s+|\n+")


class Aloud:
    """One answer: the responder's pieces in, sentences out. Never waits.

    The screen is a careful one whatever was asked: what is said must not show
    what verdict the question had.
    """

    def __init__(self) -> None:
        self._screen = OutputScreen(careful=True)
        self._text = ""
        self._left = MOST_CHARS

    @property
    def over(self) -> bool:
        """Whether nothing more of the responder's will be said."""
        return self._left <= 0 or self._screen.withheld is not None

    def hear(self, piece: str) -> list[str]:
        """The sentences that are whole now."""
        self._text += self._screen.feed(piece)
        return self._afford(self._whole())

    def end(self) -> list[str]:
        """The rest, now that the responder has ended; of a withheld one, its whole sentences."""
        self._text += self._screen.finish()
        whole = self._afford(self._whole())
        if self._screen.withheld is not None:
            return [*whole, ENOUGH]
        return whole + self._afford([self._text.strip()] if self._text.strip() else [])

    def _whole(self) -> list[str]:
        found, start = [], 0
        for end in _END.finditer(self._text):
            if end.end() - start >= SHORT:
                found.append(self._text[start : end.end()].strip())
                start = end.end()
        rest = self._text[start:]
        while len(rest) > LONG:
            cut = rest.rfind(" ", 1, LONG) + 1 or LONG
            found.append(rest[:cut].strip())
            rest = rest[cut:]
        self._text = rest
        return [sentence for sentence in found if sentence]

    def _afford(self, sentences: list[str]) -> list[str]:
        """Those of them for which there is room; behind the first one that has none, none has."""
        said = []
        for sentence in sentences:
            self._left = self._left - len(sentence) if len(sentence) <= self._left else 0
            if self._left <= 0:
                break
            said.append(sentence)
        return said
