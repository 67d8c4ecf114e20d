"""A reply as it is told, maybe more than once, and what of it is new to its reader. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

from nexus_trio.client.events import Delta, Notice, Part, Reset

MOST_CHARS: Final = 1024 * 1024
"""Of one reply: as much as one message of the wire may hold."""
MOST_NOTICES: Final = 64
"""More than a turn has by far. They come again until they are acknowledged."""


class BadTelling(Exception):
    """The server left out a piece, or tells without end."""


class Telling:
    """The text so far and how much of it was taken.

    `text[:taken]` is what the reader was shown since the last `Reset`. A telling that
    begins anew (`seq` 0) is held against it: what is the same is not shown twice; where
    it differs within what was shown, a `Reset` comes first.
    """

    def __init__(self) -> None:
        self.turn: int | None = None
        self._text = ""
        self._taken = 0
        # How much of `_text` the present telling has told, and its next `seq`.
        self._told = 0
        self._next = 0
        self._void = False
        self._notices: deque[Notice] = deque(maxlen=MOST_NOTICES)

    def hear(self, turn: int, seq: int, text: str) -> None:
        """A delta. Raises `BadTelling` for one that is out of order or beyond the bound."""
        if seq == 0:
            self.turn, self._told, self._next = turn, 0, 0
        if turn != self.turn or seq != self._next:
            raise BadTelling
        self._next += 1
        end = self._told + len(text)
        if end > MOST_CHARS:
            raise BadTelling
        if not self._text.startswith(text, self._told):
            self._become(self._text[: self._told] + text)
        self._told = end

    def end(self, text: str) -> None:
        """The reply is there, and this is its text: deltas, joined, come to it."""
        self._become(text)

    def notice(self, notice: Notice) -> None:
        """Words that must be shown; before what is told."""
        self._notices.append(notice)

    def _become(self, text: str) -> None:
        if not text.startswith(self._text[: self._taken]):
            self._void, self._taken = True, 0
        self._text = text

    def take(self) -> Part | None:
        """What the reader has not been shown, or None."""
        if self._notices:
            return self._notices.popleft()
        if self._void:
            self._void = False
            return Reset()
        if self._taken < len(self._text):
            fresh, self._taken = self._text[self._taken :], len(self._text)
            return Delta(fresh, self.turn)
        return None
