"""The seam between a turn and whatever writes its reply.

What every adapter guarantees:

- `ready` and `stream` depend on the `Prompt` and on nothing else of any user.
- A stream's context manager owns everything that the stream opened. Leaving
  it, by cancellation too, closes the call within 100 ms and never hands a
  half-read connection to another caller.
- Foreign exceptions are mapped here, once: a stream raises `ResponderFailed`
  or nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

from nexus_trio.model.world import Room


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier turn as the responder sees it: the user's words and the reply, and its number.

    `speaker`: whose words they are, where not the prompt's own user's (said aloud alone).
    """

    message: str = field(repr=False)
    response: str = field(repr=False)
    turn: int = 0
    speaker: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Prompt:
    """All that a responder may know of a turn: this one session's own words, or what a room heard.

    `history` is a bounded window, oldest first, of answered turns; `turn` the
    number of this turn in its session, from 1; `crisis_level` one of `none`,
    `concern`, `crisis`, `imminent`, for this message.

    `aloud`: the words were said in the room, and all in it hear the reply, so it
    is to be short. Then `history` holds what was said aloud there before, by
    whomever, in the room's order (with an empty `response` where that was not
    answered); `username` and each `speaker` are as `model.naming.call` gives them;
    `user_id` is the persona's own, and `crisis_level` is `none` whatever was said: a
    verdict is nobody else's to see.
    """

    user_id: str
    username: str | None = field(repr=False)
    room: Room
    turn: int
    message: str = field(repr=False)
    crisis_level: str = "none"
    history: tuple[Exchange, ...] = field(default=(), repr=False)
    aloud: bool = False


class Responder(Protocol):
    """Makes a reply stream."""

    @property
    def models(self) -> tuple[str, ...]:
        """The model ids that this responder answers as; at least one."""
        ...

    def ready(self, prompt: Prompt) -> str | None:
        """The whole reply where it can be had without waiting, else None.

        Synchronous and fast (well under a millisecond), so that the turn and
        its reply can share one commit.
        """
        ...

    def stream(self, prompt: Prompt) -> AbstractAsyncContextManager[AsyncIterator[str]]:
        """The reply piece by piece, joined it is the whole.

        Raises `ResponderFailed`. Cancellation at any point, inside the context
        manager or while it closes, leaks nothing.
        """
        ...
