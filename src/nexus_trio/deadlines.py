"""Deadlines of many waits, nearly all of which end before: one task keeps them all.

A cancel scope with a deadline costs as much as a good part of a turn to enter and to leave. A
wait that only now and then lasts too long is put down here instead, and taken out again behind
it; what is to happen then is a plain call, such as one that cancels a scope which is open anyhow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable

import trio

GRAIN = 0.02
"""Seconds from one look at all waits to the next: thousands that end one behind the other are
not gone through for each of them."""


class Deadlines:
    """What is waited for, and until when. Nothing is called unless `run` runs."""

    def __init__(self) -> None:
        # In the order in which they were set, so that a replay calls them in one order.
        self._waits: dict[Hashable, tuple[float, Callable[[], object]]] = {}
        self._next = math.inf
        self._scope = trio.CancelScope()

    def __len__(self) -> int:
        return len(self._waits)

    def set(self, wait: Hashable, when: float, over: Callable[[], object]) -> None:
        """Have `over` called at `when`, on trio's clock, unless the wait is dropped before; or
        up to `GRAIN` later, never sooner.

        `over` must neither wait nor raise. Of a wait that is set already the deadline is
        changed. Never waits.
        """
        self._waits[wait] = when, over
        if when < self._next:
            self._next = when
            self._scope.deadline = when

    def drop(self, wait: Hashable) -> None:
        """The wait is over, or was never set."""
        self._waits.pop(wait, None)

    async def run(self) -> None:
        """Call what is due, until cancelled."""
        while True:
            # The earliest of all that were set since; it may be dropped by now, and then
            # this wakes for nothing, once.
            with trio.CancelScope(deadline=self._next) as self._scope:
                await trio.sleep_forever()
            now = trio.current_time()
            due = [wait for wait, (when, _) in self._waits.items() if when <= now]
            for over in [self._waits.pop(wait)[1] for wait in due]:
                over()
            soonest = min((when for when, _ in self._waits.values()), default=math.inf)
            self._next = max(soonest, now + GRAIN)
