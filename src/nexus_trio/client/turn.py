"""One turn as it is told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import trio

from nexus_trio.client.calls import TurnCall
from nexus_trio.client.events import Part
from nexus_trio.model.envelope import Reply


class Turn:
    """What `Client.stream` gives: `async for part in turn`, once, from one task.

    The loop ends with the reply, or raises the turn's `BridgeError`, `Ended`. Both
    iterating and `result` are cancel-safe: no part is lost.
    """

    def __init__(self, call: TurnCall, stop: Callable[[TurnCall], Awaitable[None]]) -> None:
        self._call = call
        self._stop = stop

    @property
    def client_ref(self) -> str:
        """The reference under which the turn is asked again after a lost connection."""
        return self._call.client_ref

    @property
    def reply(self) -> Reply | None:
        """The reply, once it is there; raises where the outcome is an error."""
        if not self._call.done:
            return None
        reply: Reply = self._call.value
        return reply

    def __aiter__(self) -> Turn:
        return self

    async def __anext__(self) -> Part:
        await trio.lowlevel.checkpoint()
        while True:
            part = self._call.telling.take()
            if part is not None:
                return part
            if self._call.done:
                _ = self._call.value  # raises where it is an error
                raise StopAsyncIteration
            await self._call.changed.wait()

    async def result(self) -> Reply:
        """Wait for the reply, whatever parts come before. Raises as the loop does."""
        reply: Reply = await self._call.wait()
        return reply

    async def stop(self) -> None:
        """End the turn: it then ends with the error `aborted`, unless its reply is first.

        Returns once the server has taken it. Cancelled, it may or may not be stopped.
        """
        await self._stop(self._call)
