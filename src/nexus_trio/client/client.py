"""The client: what a program may ask for. `connect` makes one."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager

from nexus_trio.client.events import Event
from nexus_trio.client.pages import HistoryPage, RoomCount
from nexus_trio.client.turn import Turn
from nexus_trio.client.values import Spoken, Statistics
from nexus_trio.model.envelope import Position, Reply, RoomView


class Events:
    """`async for event in client.events()`: ends when the client is closed, raises `Ended`
    where the connection is over for good, after what was there is taken."""

    def __aiter__(self) -> Events:
        return self

    async def __anext__(self) -> Event:
        raise NotImplementedError


class Client:
    """One user's connection, which comes back by itself. Any number of tasks may call it.

    Every call waits while the connection is lost, until it is back, or until the client
    `Ended`. Cancelling a call leaves the client as it was: what was sent may or may not
    have been done. At most 64 calls are under way; the next one waits for its turn.
    """

    # --- where it stands; none of it waits ---

    @property
    def user(self) -> str | None:
        """Whose connection it is, as `connect` was told."""
        raise NotImplementedError

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as far as is known."""
        raise NotImplementedError

    @property
    def session_id(self) -> str:
        """As in the last welcome."""
        raise NotImplementedError

    @property
    def room(self) -> str | None:
        """The room that the user is in, as last heard; None for in none."""
        raise NotImplementedError

    @property
    def position(self) -> Position:
        """The last position of the session's stream that came here: `after` of a later connect."""
        raise NotImplementedError

    @property
    def room_position(self) -> Position | None:
        """The same of the room's stream: `room_after`."""
        raise NotImplementedError

    def statistics(self) -> Statistics:
        """A moment of it, for tests and logs."""
        raise NotImplementedError

    # --- turns ---

    async def ask(self, message: str, *, client_ref: str | None = None) -> Reply:
        """One turn, or a command of the room, and its reply.

        It is asked again, with its `client_ref` (random, unless given), where the connection
        falls meanwhile: one message has one reply. Raises `BridgeError`, `Ended`; `TooLarge`
        or `InvalidRequest` where the message can't be sent at all. Cancelled, the turn goes on
        at the server and its reply is in the history.
        """
        raise NotImplementedError

    def stream(
        self, message: str, *, client_ref: str | None = None
    ) -> AbstractAsyncContextManager[Turn]:
        """The same turn as it is written: `async with client.stream(...) as turn`.

        Leaving the block before the reply is there stops the turn, be it by `break`, an
        exception or cancellation; nothing waits for that. Errors are raised in the loop.
        """
        raise NotImplementedError

    async def stop(self, client_ref: str | None = None) -> None:
        """End the turn with that reference, or all that are asked for here: see `Turn.stop`."""
        raise NotImplementedError

    # --- the room ---

    async def go(self, room: str) -> RoomView:
        """Go to a room. Raises `BridgeError` (`not_found` for no such room), `Ended`."""
        raise NotImplementedError

    async def look(self) -> RoomView:
        """Look at the room that the user is in. Raises `BridgeError`, `Ended`."""
        raise NotImplementedError

    async def say(self, text: str) -> Spoken:
        """Say something aloud where the user is; at most once, whatever falls.

        Raises `Unsettled` where the connection fell meanwhile and the room's events do not
        show the words; `BridgeError`, `Ended`.
        """
        raise NotImplementedError

    # --- events ---

    def events(self) -> Events:
        """What happens: `async for event in client.events()`, in one task at a time.

        The last 1,000 are kept until they are read; a `Gap` says how many were given up.
        A crisis notice is acknowledged by itself when the next event is asked for, as it
        has then been seen. Each event comes once. Raises `RuntimeError` where another task
        reads already.
        """
        raise NotImplementedError

    async def ack(self, position: Position) -> None:
        """The user has seen everything up to `position`: crisis notices do not come again.

        For programs that do not read `events`, after showing `reply.crisis.notice`.
        """
        raise NotImplementedError

    # --- over HTTP ---

    async def history(self, after: Position | None = None, limit: int = 50) -> HistoryPage:
        """Stored turns of this user behind `after`, or from the first. Needs `user`.

        Raises `BridgeError` (`not_found` where nothing is held), `Unreachable`.
        """
        raise NotImplementedError

    async def rooms(self) -> tuple[RoomCount, ...]:
        """All rooms. Raises `BridgeError`, `Unreachable`."""
        raise NotImplementedError
