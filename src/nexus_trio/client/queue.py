"""Events that wait for their reader: bounded, and it says what was given up."""

from __future__ import annotations

from collections import deque
from typing import Final

import trio

from nexus_trio.client.errors import Closed, Ended
from nexus_trio.client.events import Event, Gap, Notice

MOST: Final = 1000
"""As many events as the server gives in a resume: some 100 KB of ordinary talk."""


class EventQueue:
    """At most `most` events. Full, the oldest that is no crisis notice is given up, and counted."""

    def __init__(self, most: int = MOST) -> None:
        self.dropped = 0
        self._most = most
        self._events: deque[Event] = deque()
        self._missed = 0
        self._ended: Ended | None = None
        self._arrived = trio.Event()
        self._reading = False

    def __len__(self) -> int:
        return len(self._events)

    def put(self, event: Event) -> None:
        """Never waits, never fails."""
        if self._ended is None:
            if len(self._events) >= self._most:
                self._give_up()
            self._events.append(event)
            self._arrived.set()

    def _give_up(self) -> None:
        # Should all be notices, the oldest goes: it comes again, for nobody acknowledged it.
        at = next((n for n, e in enumerate(self._events) if not _must_be_seen(e)), 0)
        del self._events[at]
        self._missed += 1
        self.dropped += 1

    def end(self, error: Ended) -> None:
        """Take nothing more; who reads gets what is there, and then this."""
        if self._ended is None:
            self._ended = error
            self._arrived.set()

    async def get(self) -> Event:
        """The next one. Raises `StopAsyncIteration` at the end of the block, `Ended` where it
        ended otherwise. A checkpoint; cancelled, nothing is taken."""
        if self._reading:
            raise RuntimeError("another task reads the events; let one task read, and pass them on")
        self._reading = True
        try:
            await trio.lowlevel.checkpoint()
            while not (self._events or self._missed):
                if isinstance(self._ended, Closed):
                    raise StopAsyncIteration
                if self._ended is not None:
                    raise self._ended.again()
                self._arrived = trio.Event()
                await self._arrived.wait()
        finally:
            self._reading = False
        if self._missed:
            missed, self._missed = self._missed, 0
            return Gap("queue_full", missed)
        return self._events.popleft()


def _must_be_seen(event: Event) -> bool:
    return isinstance(event, Notice) and event.kind == "crisis"
