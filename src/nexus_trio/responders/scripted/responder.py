"""The adapter: replies at once, or streamed word by word."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import replace
from typing import Final

import trio

from nexus_trio.model.world import Room
from nexus_trio.responders.base import Prompt
from nexus_trio.responders.scripted.book import Book
from nexus_trio.responders.scripted.reply import make_reply

_BOOKS: Final = 256
"""Rooms whose tables are kept; a world has 64 at most, so only tests pass this."""


class ScriptedResponder:
    """Answers from the room's lines; implements `Responder`.

    `seed` varies the choice of lines; `pace_s` is the pause between words in
    seconds, 0 or more. With 0 a reply is `ready` at once; above 0 it is only
    streamed. Replies are 1 to 800 characters long. Raises `ValueError` for a
    negative pace.
    """

    models: tuple[str, ...] = ("scripted",)

    def __init__(self, seed: int = 0, pace_s: float = 0.0) -> None:
        if not pace_s >= 0.0:
            raise ValueError(f"pace_s is {pace_s}; give 0 or more seconds between words")
        self._seed = seed
        self._pace_s = pace_s
        self._books: dict[int, Book] = {}

    def ready(self, prompt: Prompt) -> str | None:
        """The whole reply, or None where a pace is set. Synchronous, well under a millisecond."""
        return None if self._pace_s > 0.0 else self._reply(prompt)

    def stream(self, prompt: Prompt) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """The reply word by word; joined, it is what `ready` gives without a pace.

        Every piece is a checkpoint. Holds nothing that a cancellation could leak.
        """
        return self._streaming(prompt)

    @asynccontextmanager
    async def _streaming(self, prompt: Prompt) -> AsyncIterator[AsyncIterator[str]]:
        async with aclosing(_pieces(self._reply(prompt), self._pace_s)) as pieces:
            yield pieces

    def _reply(self, prompt: Prompt) -> str:
        return make_reply(self._seed, self._book(prompt.room), _own(prompt))

    def _book(self, room: Room) -> Book:
        # Keyed by identity, for a room holds dicts; the book keeps its room
        # alive, so no other room can take the same id while it is here.
        book = self._books.get(id(room))
        if book is None:
            if len(self._books) >= _BOOKS:
                self._books.clear()
            book = self._books[id(room)] = Book(room)
        return book


def _own(prompt: Prompt) -> Prompt:
    """The prompt without what others said: a script would say it back to the wrong person."""
    if not prompt.aloud:
        return prompt
    own = tuple(exchange for exchange in prompt.history if exchange.speaker is None)
    return replace(prompt, history=own)


async def _pieces(text: str, pace_s: float) -> AsyncGenerator[str, None]:
    pause = 0.0
    for piece in re.findall(r"\s*\S+", text):
        await trio.sleep(pause)
        pause = pace_s
        yield piece
