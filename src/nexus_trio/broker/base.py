"""The seam to the order of room events.

What every adapter guarantees:

- Events of one room have one order, the same for all who hear them; offsets
  rise by one without a gap within an epoch (I14, I18).
- An event is stored before it is delivered, and `publish` returns after its
  delivery on this node, which hears itself through the broker as every other.
- Delivery is a synchronous call: when it returns, the hearer has applied the
  event. A hearer must not raise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from nexus_trio.model.envelope import Position, RoomEvent

Deliver = Callable[[RoomEvent], None]


class Broker(Protocol):
    """Ordered publish and delivery."""

    async def subscribe(self, room: str, deliver: Deliver) -> Position:
        """Have `deliver` called with every event behind the returned position."""
        ...

    def unsubscribe(self, room: str, deliver: Deliver) -> None:
        """Deliver nothing more to `deliver`; unknown ones are ignored."""
        ...

    async def occupants(self, room: str) -> Mapping[str, str | None]:
        """Who by the room's stream is in it, with their names.

        Asked once, before the room opens: whoever is there was left behind by
        an end that could not say so.
        """
        ...

    async def catch_up(self, room: str) -> None:
        """Deliver what was stored without this node's knowing, after a commit in doubt.

        Returns at once where nothing is in doubt. Raises `StoreUnavailable`.
        """
        ...

    async def publish(self, event: RoomEvent) -> Position:
        """Give `event` its position, store it, deliver it.

        Raises `StoreUnavailable`: then it was neither stored nor delivered.
        Cancellation waits for the store: it can't cut an event in half.
        """
        ...

    async def publish_all(self, room: str, events: Sequence[RoomEvent]) -> Sequence[Position]:
        """As `publish`, for one or more events of one room: all are stored, or none."""
        ...
