"""One turn as it is told."""

from __future__ import annotations

from nexus_trio.client.events import Part
from nexus_trio.model.envelope import Reply


class Turn:
    """What `Client.stream` gives: `async for part in turn`, once, from one task.

    The loop ends with the reply, or raises the turn's `BridgeError`, `Ended`. Both
    iterating and `result` are cancel-safe: no part is lost.
    """

    client_ref: str
    """The random reference under which the turn is asked again after a lost connection."""

    @property
    def reply(self) -> Reply | None:
        """The reply, once it is there."""
        raise NotImplementedError

    def __aiter__(self) -> Turn:
        return self

    async def __anext__(self) -> Part:
        raise NotImplementedError

    async def result(self) -> Reply:
        """Wait for the reply, whatever parts come before. Raises as the loop does."""
        raise NotImplementedError

    async def stop(self) -> None:
        """End the turn: it then ends with the error `aborted`, unless its reply is first.

        Returns once the server has taken it. Cancelled, it may or may not be stopped.
        """
        raise NotImplementedError
