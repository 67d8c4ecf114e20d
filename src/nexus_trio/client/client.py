"""The client: what a program may ask for. `connect` makes one."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import trio

from nexus_trio.client.calls import Call, SayCall, StopCall, TurnCall
from nexus_trio.client.core import Core
from nexus_trio.client.events import Event
from nexus_trio.client.pages import HistoryPage, RoomCount
from nexus_trio.client.reading import Reading
from nexus_trio.client.turn import Turn
from nexus_trio.client.values import Spoken, Statistics
from nexus_trio.errors import InvalidRequest
from nexus_trio.model.envelope import Position, Reply, RoomView

MOST: Final = 64
"""Turns under way at once, and as many other calls: four times what a session's mailbox takes."""

C = TypeVar("C", bound=Call)


class Events:
    """`async for event in client.events()`: ends when the client is closed, raises `Ended`
    where the connection is over for good, after what was there is taken."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> Event:
        return await self._core.next_event()


class Client:
    """One user's connection, which comes back by itself. Any number of tasks may call it.

    Every call waits while the connection is lost, until it is back, or until the client
    `Ended`. Cancelling a call leaves the client as it was: what was sent may or may not
    have been done. At most 64 turns and 64 other calls are under way; the next one waits
    for its turn.
    """

    def __init__(self, core: Core, reading: Reading, user: str | None) -> None:
        self._core = core
        self._reading = reading
        self._user = user
        self._turns = trio.Semaphore(MOST)
        self._others = trio.Semaphore(MOST)

    def __repr__(self) -> str:
        state = "ended" if self._core.ended else "connected" if self.connected else "disconnected"
        return f"<Client of {self._user!r}, {state}>"

    # --- where it stands; none of it waits ---

    @property
    def user(self) -> str | None:
        """Whose connection it is, as `connect` was told."""
        return self._user

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as far as is known."""
        return self._core.link is not None

    @property
    def session_id(self) -> str:
        """As in the last welcome."""
        return self._core.session_id

    @property
    def room(self) -> str | None:
        """The room that the user is in, as last heard; None for in none."""
        return self._core.places.room

    @property
    def position(self) -> Position:
        """The last position of the session's stream that came here: `after` of a later connect."""
        position = self._core.places.session
        assert position is not None  # a client is welcomed before anybody has it
        return position

    @property
    def room_position(self) -> Position | None:
        """The same of the room's stream: `room_after`."""
        return self._core.places.in_room

    def statistics(self) -> Statistics:
        """A moment of it, for tests and logs."""
        core = self._core
        return Statistics(
            core.attempts,
            core.welcomes,
            len(core.pending),
            len(core.events),
            core.events.dropped,
        )

    # --- turns ---

    async def ask(self, message: str, *, client_ref: str | None = None) -> Reply:
        """One turn, or a command of the room, and its reply.

        It is asked again, with its `client_ref` (random, unless given), where the connection
        falls meanwhile: one message has one reply. Raises `BridgeError`, `Ended`; `TooLarge`
        or `InvalidRequest` where the message can't be sent at all. Cancelled, the turn goes on
        at the server and its reply is in the history.
        """
        call = self._turn_call(message, client_ref)
        async with self._under_way(call, self._turns):
            reply: Reply = await call.wait()
            return reply

    @asynccontextmanager
    async def stream(self, message: str, *, client_ref: str | None = None) -> AsyncIterator[Turn]:
        """The same turn as it is written: `async with client.stream(...) as turn`.

        Leaving the block before the reply is there stops the turn, be it by `break`, an
        exception or cancellation; nothing waits for that, and where the connection is lost at
        that moment it may go on. Errors are raised in the loop.
        """
        call = self._turn_call(message, client_ref)
        async with self._turns:
            self._core.start(call)
            try:
                yield Turn(call, self._stop)
            finally:
                self._core.abandon(call)

    async def stop(self, client_ref: str | None = None) -> None:
        """End the turn with that reference, or all that are asked for here: see `Turn.stop`."""
        for call in tuple(self._core.pending.values()):
            if isinstance(call, TurnCall) and client_ref in (None, call.client_ref):
                await self._stop(call)

    async def _stop(self, target: TurnCall) -> None:
        if not target.done:
            await self._ask(StopCall(self._core.ref(), target))

    def _turn_call(self, message: str, client_ref: str | None) -> TurnCall:
        if not message:
            raise InvalidRequest("message must be a string of at least 1 character")
        return TurnCall(self._core.ref(), message, client_ref or uuid.uuid4().hex)

    # --- the room ---

    async def go(self, room: str) -> RoomView:
        """Go to a room. Raises `BridgeError` (`not_found` for no such room), `Ended`."""
        view: RoomView = await self._ask(Call(self._core.ref(), "go", room=room))
        return view

    async def look(self) -> RoomView:
        """Look at the room that the user is in. Raises `BridgeError`, `Ended`."""
        view: RoomView = await self._ask(Call(self._core.ref(), "look"))
        return view

    async def say(self, text: str) -> Spoken:
        """Say something aloud where the user is; at most once, whatever falls.

        Raises `Unsettled` where the connection fell meanwhile and the room's events do not
        show the words; `BridgeError`, `Ended`.
        """
        return Spoken(*await self._ask(SayCall(self._core.ref(), text)))

    # --- events ---

    def events(self) -> Events:
        """What happens: `async for event in client.events()`, in one task at a time.

        The last 1,000 are kept until they are read; a `Gap` says how many were given up.
        A crisis notice is acknowledged by itself when the next event is asked for, as it
        has then been seen. Each event comes once. Raises `RuntimeError` where another task
        reads already.
        """
        return Events(self._core)

    async def ack(self, position: Position) -> None:
        """The user has seen everything up to `position`: crisis notices do not come again.

        For programs that do not read `events`, after showing `reply.crisis.notice`.
        """
        await self._ask(Call(self._core.ref(), "ack", position=str(position)))

    # --- over HTTP ---

    async def history(self, after: Position | None = None, limit: int = 50) -> HistoryPage:
        """Stored turns of this user behind `after`, or from the first. Needs `user`.

        Tried once. Raises `BridgeError` (`not_found` where nothing is held), `ReadFailed`.
        """
        if self._user is None:
            raise InvalidRequest("give connect() the user whose history is to be read")
        return await self._reading.history(self._user, after, limit)

    async def rooms(self) -> tuple[RoomCount, ...]:
        """All rooms. Raises as `history`."""
        return await self._reading.rooms()

    # --- below all of them ---

    async def _ask(self, call: Call) -> Any:
        async with self._under_way(call, self._others):
            return await call.wait()

    @asynccontextmanager
    async def _under_way(self, call: C, gate: trio.Semaphore) -> AsyncIterator[C]:
        async with gate:
            self._core.start(call)
            try:
                yield call
            finally:
                self._core.leave(call)
