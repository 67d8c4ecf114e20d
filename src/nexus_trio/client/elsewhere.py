"""Turns that are told without a `ref`: another connection's, or our own of a connection that fell.

Frames name the turn and, with its first one, the user's words; never the `client_ref`.
So what may be our own is held back until our call with these words has its outcome.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from nexus_trio.client.events import Elsewhere

MOST_HELD: Final = 64
"""As many as may be asked for at once."""


class Others:
    """What is held, and the words of the turn that is being told."""

    def __init__(self) -> None:
        self._held: dict[int, Elsewhere] = {}
        self._words: dict[int, str] = {}

    def introduce(self, turn: int, message: str | None) -> None:
        """A turn's first frame has the user's words; one turn is told at a time."""
        if message is not None:
            self._words = {turn: message}

    def words(self, turn: int | None, message: object) -> str | None:
        """What the user said in that turn: `message`, or what its first frame had."""
        if isinstance(message, str):
            return message
        return None if turn is None else self._words.get(turn)

    def hold(self, event: Elsewhere) -> bool:
        """Keep it for now; False where it can't be kept."""
        if event.turn is None or len(self._held) >= MOST_HELD:
            return False
        self._held[event.turn] = event
        return True

    def own(self, turn: int | None) -> None:
        """That turn was ours, and its outcome has come."""
        if turn is not None:
            self._held.pop(turn, None)

    def release(self, asked: Collection[str]) -> Iterator[Elsewhere]:
        """What can be nobody's here, for nobody asks with its words any more."""
        for turn, event in tuple(self._held.items()):
            if event.message not in asked:
                del self._held[turn]
                yield event
