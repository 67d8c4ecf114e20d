"""The broker of one process: the store keeps the order, delivery is a call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import trio

from nexus_trio.broker.base import Deliver
from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.store.base import PutRoomEvent, Store
from nexus_trio.store.patience import Patience


class _Stream:
    """One room's stream here. `doubt`: a commit's outcome is unknown, ask the store."""

    def __init__(self, tail: Position) -> None:
        self.tail = tail
        self.doubt = False
        self.turnstile = trio.Lock()
        self.hearers: list[Deliver] = []


class LocalBroker:
    """`Broker` within one process.

    `patience` is how long a commit may take before its outcome counts
    as unknown; the next publish then reads what the store really has. `now` is
    the wall clock, UTC, that events are stamped with.
    """

    def __init__(self, store: Store, patience: Patience, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now
        self._patience = patience
        self._streams: dict[str, _Stream] = {}

    async def _stream(self, room: str) -> _Stream:
        stream = self._streams.get(room)
        if stream is None:
            tail = await self._store.room_tail(room)
            # Another task may have been faster while this one waited.
            stream = self._streams.setdefault(room, _Stream(tail))
        return stream

    async def subscribe(self, room: str, deliver: Deliver) -> Position:
        stream = await self._stream(room)
        stream.hearers.append(deliver)
        return stream.tail

    def unsubscribe(self, room: str, deliver: Deliver) -> None:
        stream = self._streams.get(room)
        if stream is not None and deliver in stream.hearers:
            stream.hearers.remove(deliver)

    async def occupants(self, room: str) -> Mapping[str, str | None]:
        return await self._store.occupants(room)

    async def publish(self, event: RoomEvent) -> Position:
        return (await self.publish_all(event.room, (event,)))[0]

    async def publish_all(self, room: str, events: Sequence[RoomEvent]) -> Sequence[Position]:
        stream = await self._stream(room)
        async with stream.turnstile:
            if stream.doubt:
                await self._settle(room, stream)
            epoch, offset = stream.tail.epoch, stream.tail.offset
            at = self._now()
            positions = [Position(epoch, offset + nth) for nth in range(1, len(events) + 1)]
            published = [
                replace(event, position=position, at=at)
                for event, position in zip(events, positions, strict=True)
            ]
            # Shielded: a publisher that goes away must not leave an event that
            # is stored and never heard.
            with self._patience.shield() as scope:
                await self._store.append([PutRoomEvent(event) for event in published])
            if scope.cancelled_caught:
                stream.doubt = True
                raise StoreUnavailable("the store took too long; try again")
            for event in published:
                self._deliver(stream, event)
            return positions

    async def catch_up(self, room: str) -> None:
        stream = self._streams.get(room)
        if stream is None or not stream.doubt:
            return
        async with stream.turnstile:
            if stream.doubt:
                await self._settle(room, stream)

    async def _settle(self, room: str, stream: _Stream) -> None:
        """Deliver what was stored without our knowing."""
        with trio.move_on_after(self._patience.left()) as scope:
            events = await self._store.room_events(room, stream.tail, 1000)
        if scope.cancelled_caught:
            raise StoreUnavailable("the store took too long; try again")
        for event in events:
            self._deliver(stream, event)
        stream.doubt = False

    def _deliver(self, stream: _Stream, event: RoomEvent) -> None:
        if event.position is None:
            raise ValueError("an event is delivered with its position")
        stream.tail = event.position
        for deliver in tuple(stream.hearers):
            deliver(event)
