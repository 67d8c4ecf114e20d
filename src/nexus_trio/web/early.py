"""What a client sends while its connection is being opened, or a frame of it answered.

It is done in its order when that is over. But who writes in need behind a hello, or behind
other words, is not left alone while the disk hangs (I23): then it is read, looked at, and kept.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Generic, TypeVar

import trio

from nexus_trio.crisis import Verdict
from nexus_trio.errors import NexusError
from nexus_trio.runtime.turn import HURRY_S
from nexus_trio.web.guard import Receive

Outcome = TypeVar("Outcome")

WAITING_FRAMES = 32
"""Frames that are taken meanwhile: the messages that a mailbox holds, and as many
others. Then nothing is read, as for every client that is faster than the server."""

WAITING_BYTES = 128 * 1024
"""Bytes of them: two of the longest frames. The one that passes it is taken whole."""


class Early(Generic[Outcome]):
    """Shared by the task that listens meanwhile and the one that does what was asked for."""

    __slots__ = (
        "_outcome",
        "_receive",
        "_scope",
        "_settled",
        "_size",
        "events",
        "folded",
        "welcomed",
    )

    def __init__(self, receive: Receive) -> None:
        self.events: list[Any] = []
        """What was taken, in its order; the client's end is the last."""
        self.folded: list[Verdict] = []
        """The verdicts of the words in them that will count for those behind them."""
        self.welcomed = trio.Event()
        """Set when what comes next may be sent."""
        self._receive = receive
        self._outcome: Outcome | NexusError | None = None
        self._settled = trio.Event()
        self._size = 0
        # Around each wait for the client, and nothing else: a send is never cut in two.
        self._scope = trio.CancelScope()

    def settle(self, outcome: Outcome | NexusError) -> None:
        """It is done, or refused: `listen` returns that. Never waits."""
        self._outcome = outcome
        self._settled.set()
        self._scope.cancel()

    async def listen(
        self,
        look: Callable[[Any], Awaitable[None]],
        late: Callable[[], Awaitable[None]] = trio.lowlevel.checkpoint,
    ) -> Outcome | NexusError:
        """Wait until it is settled; after `HURRY_S`, take what comes and have it looked at.

        Before that nothing is read: nearly all is done by then, and neither pays for this nor
        is told twice. When that time is over, `late` comes first. Cancelled, it loses no event
        of the client.
        """
        with trio.move_on_after(HURRY_S):
            await self._settled.wait()
        if self._outcome is None:
            await late()
        while self._outcome is None:
            with trio.CancelScope() as self._scope:
                await self._take()
            if self._outcome is None:
                await look(self.events[-1])
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
