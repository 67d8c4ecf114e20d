"""What a client sends while its connection is being opened.

It is kept, in its order, and done when the connection stands. But who writes in
need behind a hello is not left alone while the disk hangs (I23): what has waited
for a moment is looked at.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from typing import Any

import trio

from nexus_trio.crisis import Verdict
from nexus_trio.errors import NexusError
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.turn import HURRY_S
from nexus_trio.web.guard import Receive

WAITING_FRAMES = 32
"""Frames that are taken before the welcome: the messages that a mailbox holds, and as many
others. Then nothing is read, as for every client that is faster than the server."""

WAITING_BYTES = 128 * 1024
"""Bytes of them: two of the longest frames. The one that passes it is taken whole."""


class Early:
    """Shared by the task that listens meanwhile and the one that opens the connection."""

    __slots__ = (
        "_due",
        "_looked",
        "_outcome",
        "_receive",
        "_scope",
        "_size",
        "events",
        "folded",
        "welcomed",
    )

    def __init__(self, receive: Receive) -> None:
        self.events: list[Any] = []
        """What came, in its order; the client's end is the last."""
        self.folded: list[Verdict] = []
        """The verdicts of the words that were looked at and will count for those behind them."""
        self.welcomed = trio.Event()
        """Set when what comes next may be sent."""
        self._receive = receive
        self._outcome: Connection | NexusError | None = None
        self._size = 0
        # How many of the events were looked at, and when the others are to be, on trio's clock.
        self._looked = 0
        self._due = math.inf
        # Around each wait for the client, and nothing else: a send is never cut in two.
        self._scope = trio.CancelScope()

    def settle(self, outcome: Connection | NexusError) -> None:
        """The connection stands, or is refused: `listen` returns that. Never waits."""
        self._outcome = outcome
        self._scope.cancel()

    async def listen(self, look: Callable[[Any], Awaitable[None]]) -> Connection | NexusError:
        """Take what comes until it is settled; have what waits for longer than `HURRY_S` looked at.

        Cancelled, it loses no event of the client.
        """
        while self._outcome is None:
            with trio.CancelScope(deadline=self._due) as self._scope:
                await self._take()
            if self._scope.cancelled_caught and self._outcome is None:
                await self._have_looked(look)
        return self._outcome

    async def last_words(self) -> None:
        """Take what comes within `HURRY_S`: the client has not heard yet that it is refused."""
        with trio.move_on_after(HURRY_S):
            while not self._full:
                await self._take()

    @property
    def _full(self) -> bool:
        ended = bool(self.events) and self.events[-1]["type"] != "websocket.receive"
        return ended or len(self.events) >= WAITING_FRAMES or self._size >= WAITING_BYTES

    async def _take(self) -> None:
        if self._full:
            await trio.sleep_forever()
        event = await self._receive()
        self.events.append(event)
        text = event.get("text") or ""
        self._size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        # Screening is left for those who have to wait: the others are screened in their turn.
        self._due = min(self._due, trio.current_time() + HURRY_S)

    async def _have_looked(self, look: Callable[[Any], Awaitable[None]]) -> None:
        self._due = math.inf
        while self._looked < len(self.events) and self._outcome is None:
            self._looked += 1
            await look(self.events[self._looked - 1])
