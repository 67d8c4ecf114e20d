"""One consumer's bounded output queue.

Whoever offers never waits: a consumer that is too slow is evicted with a code
and comes back from its last position, so that nobody else's turn is delayed
by it (I5, I20).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import trio

from nexus_trio.runtime.frames import Frame, Heard, Noticed

GONE = 1000
TOO_SLOW = 4429
TOO_MANY = 4409
DRAINING = 1012
ERASED = 4410

LIMIT_BYTES = 1024 * 1024
"""Bytes of frames that may wait for one connection: 64 of the longest messages."""

TOGETHER_BYTES = 64 * 1024
"""What a consumer takes of its queue at once; the rest stays in it and is counted."""


Direct = Callable[[Heard], Frame | None]
"""Sends a room's event in this very step; returns what is left to be sent, None where nothing is.

That is the event itself where nothing of it went out. Never waits, never raises.
"""


class Evicted(Exception):
    """The outbox was closed by the server; `code` says why, as on the wire."""

    def __init__(self, code: int) -> None:
        super().__init__(f"the outbox was closed with code {code}")
        self.code = code


class Outbox:
    """Frames for one consumer: at most `limit` of them, and `limit_bytes`, waiting.

    What a connection missed before it came is handed over whole (`preload`) and
    not counted: it is bounded by the window of what can be resumed.
    """

    def __init__(self, limit: int, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit
        self._limit_bytes = limit_bytes
        # In one list what was missed, the first `_missed` of it, and what is new. An empty deque
        # takes 0.7 KB, most connections say nothing most of the time, and this is short.
        self._frames: list[Frame] = []
        self._missed = 0
        # The sum of `size` over what is new.
        self._bytes = 0
        self._arrived = trio.Event()
        self._code: int | None = None
        self._direct: Direct | None = None
        # Whether the consumer waits for a frame, and so has sent all that it took.
        self._waits = False

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def closed(self) -> bool:
        """Whether it takes nothing more."""
        return self._code is not None

    def preload(self, frames: Iterable[Frame]) -> None:
        """Put what was missed before what is new. Before the consumer reads."""
        before = len(self._frames)
        self._frames[self._missed : self._missed] = frames
        self._missed += len(self._frames) - before
        if self._frames:
            self._arrived.set()

    def send_directly_by(self, direct: Direct) -> None:
        """Have a room's event sent by `direct` where it would be the only one that waits.

        What is said to a thousand listeners wakes no thousand tasks then. All else, and what
        a client has no room for, goes by the queue.
        """
        self._direct = direct

    def offer(self, frame: Frame) -> None:
        """Queue `frame`; where the queue is full, evict. Never waits, never raises."""
        if self._code is not None:
            return
        if self._waits and self._direct is not None and not self._frames:
            left = self._direct(frame) if isinstance(frame, Heard) else frame
            if left is None:
                return
            frame = left
        size = frame.size
        new = len(self._frames) - self._missed
        if new >= self._limit or (
            # One frame always fits: else a long reply could never be read.
            new and self._bytes + size > self._limit_bytes
        ):
            self.close(TOO_SLOW)
            # What waits is a whole piece of the stream and stays: the consumer
            # gets it, if ever it reads again, and resumes behind it. One crisis
            # notice more is never too much (I24).
            if not isinstance(frame, Noticed):
                return
        self._frames.append(frame)
        self._bytes += size
        self._arrived.set()

    def close(self, code: int) -> None:
        """Take nothing more; the consumer gets what waits, then `Evicted(code)`."""
        if self._code is None:
            self._code = code
            self._arrived.set()

    async def receive(self) -> Frame:
        """The next frame, or `Evicted`. A checkpoint, atomic with respect to cancellation."""
        if self._frames:
            # Sending need not wait: without this a consumer that has much to
            # catch up with would hold up everybody.
            await trio.lowlevel.checkpoint()
        while not self._frames:
            if self._code is not None:
                raise Evicted(self._code)
            self._arrived = trio.Event()
            self._waits = True
            try:
                await self._arrived.wait()
            finally:
                self._waits = False
        return self.take()

    async def receive_some(self) -> list[Frame]:
        """The next frames, up to the one that passes `TOGETHER_BYTES`; otherwise as `receive`."""
        frames = [await self.receive()]
        size = frames[0].size
        while self._frames and size < TOGETHER_BYTES:
            frames.append(self.take())
            size += frames[-1].size
        return frames

    def take(self) -> Frame:
        """The next frame, which must be there (`len`). Never waits."""
        frame = self._frames.pop(0)
        if self._missed:
            self._missed -= 1
        else:
            self._bytes -= frame.size
        if isinstance(frame, Noticed) and frame.delivery is not None:
            frame.delivery.happened()
        return frame
