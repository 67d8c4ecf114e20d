"""The thread in which the writer's calls are made, one at a time.

For the event loop to go on meanwhile, and to be woken, costs some 250 µs of the processor,
which is half a turn; a commit takes as long as that or less. So a short call is waited for
where one stands, by a loop that has nothing else to do, and for a moment only: a disk that
hangs holds nobody up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import Any, Final

import trio

AT_HAND_S: Final = 0.001
"""How long the event loop stands still for a call: a few syncs of a quick disk. One that took
longer was the last to be waited for so, until another is quick again."""


class WriterThread:
    """Runs calls in a thread, one after the other."""

    def __init__(self) -> None:
        self._limiter = trio.CapacityLimiter(1)
        self._quick = AT_HAND_S > 0

    async def run(
        self, call: Callable[..., object], *arguments: object, at_hand: bool = False
    ) -> None:
        """Make the call; raises what it raises. Cancelled, it leaves the call behind.

        `at_hand`: it is short, and the event loop has nothing to do but wait for it.
        Then this may be no checkpoint.
        """
        timed = partial(self._timed, call, *arguments)
        if at_hand and self._quick and self._limiter.available_tokens:
            await self._run_at_hand(timed)
        else:
            await trio.to_thread.run_sync(timed, limiter=self._limiter, abandon_on_cancel=True)

    def _timed(self, call: Callable[..., object], *arguments: object) -> None:
        begun = perf_counter()
        try:
            call(*arguments)
        finally:
            self._quick = perf_counter() - begun < AT_HAND_S

    async def _run_at_hand(self, call: Callable[[], None]) -> None:
        self._limiter.acquire_on_behalf_of_nowait(self)
        token = trio.lowlevel.current_trio_token()
        standing, came = threading.Lock(), trio.Event()
        standing.acquire()
        found: list[Any] = []  # trio's outcome of the call
        # Taken by the call where it was made in time, else by whoever stands no more.
        in_time = threading.Lock()

        def deliver(result: Any) -> None:
            found.append(result)
            if in_time.acquire(blocking=False):
                standing.release()
            else:
                with suppress(trio.RunFinishedError):  # at the end of all, nobody is left to tell
                    token.run_sync_soon(arrive)

        def arrive() -> None:
            # Not sooner, also where nobody waits for it any more: one call at a time.
            self._limiter.release_on_behalf_of(self)
            came.set()

        trio.lowlevel.start_thread_soon(call, deliver)
        if standing.acquire(timeout=AT_HAND_S) or not in_time.acquire(blocking=False):
            self._limiter.release_on_behalf_of(self)
        else:
            await came.wait()
        found[0].unwrap()
