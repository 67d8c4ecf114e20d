"""One consumer's bounded output queue.

Whoever offers never waits: a consumer that is too slow is evicted with a code
and comes back from its last position, so that nobody else's turn is delayed
by it (I5, I20).
"""

from __future__ import annotations

from collections import deque

import trio

from nexus_trio.model.envelope import Reply, RoomEvent

Frame = Reply | RoomEvent

GONE = 1000
TOO_SLOW = 4429
TOO_MANY = 4409
DRAINING = 1012
ERASED = 4410


class Evicted(Exception):
    """The outbox was closed by the server; `code` says why, as on the wire."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the outbox was closed with code {code}")
        self.code = code


class Outbox:
    """Frames for one consumer, at most `limit` of them waiting."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._frames: deque[Frame] = deque()
        self._arrived = trio.Event()
        self._code: int | None = None

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def closed(self) -> bool:
        """Whether it takes nothing more."""
        return self._code is not None

    def offer(self, frame: Frame) -> None:
        """Queue `frame`; where the queue is full, evict. Never waits, never raises."""
        if self._code is not None:
            return
        if len(self._frames) >= self._limit:
            # What waited is dropped: the consumer resumes from its last
            # position, and half a queue would look like the whole.
            self._frames.clear()
            self.close(TOO_SLOW)
            return
        self._frames.append(frame)
        self._arrived.set()

    def close(self, code: int) -> None:
        """Take nothing more; the consumer gets what waits, then `Evicted(code)`."""
        if self._code is None:
            self._code = code
            self._arrived.set()

    async def receive(self) -> Frame:
        """The next frame, or `Evicted`. Atomic with respect to cancellation."""
        while not self._frames:
            if self._code is not None:
                raise Evicted(self._code)
            self._arrived = trio.Event()
            await self._arrived.wait()
        await trio.lowlevel.checkpoint_if_cancelled()
        return self._frames.popleft()
