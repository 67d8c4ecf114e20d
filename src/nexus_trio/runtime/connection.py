"""A connection of a user: what its client may ask, and the outbox that answers come by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from nexus_trio import crisis
from nexus_trio.errors import Aborted, Conflict, NexusError, NotFound
from nexus_trio.model.envelope import CrisisView, Position, Reply, RoomEvent, RoomView
from nexus_trio.runtime.frames import Answered, Heard
from nexus_trio.runtime.job import Job, Origin
from nexus_trio.runtime.live import hasten
from nexus_trio.runtime.mailbox import Closed
from nexus_trio.runtime.outbox import GONE, Outbox
from nexus_trio.runtime.place import Move, Placed
from nexus_trio.runtime.session import Session, Welcome

if TYPE_CHECKING:
    from nexus_trio.runtime.hub import Hub

REMEMBERED = 64
"""Answered refs that `stop` still knows: one that comes late has lost, and is no error."""


class Connection:
    """Open as long as `Hub.connect` is. Used by one reader and one writer of its transport."""

    def __init__(self, hub: Hub, session: Session, outbox: Outbox, welcome: Welcome) -> None:
        self.outbox = outbox
        self.welcome = welcome
        self.user_id = session.user_id
        self._hub = hub
        self._session = session
        # Refs of messages without an outcome.
        self._pending: dict[str, Job] = {}
        # Refs of all others that are remembered, the oldest first.
        self._late: dict[str, None] = {}

    def claim(self, ref: str | None) -> None:
        """Raises `Conflict` where a message with this `ref` has no outcome yet."""
        if ref is not None and ref in self._pending:
            raise Conflict("this ref is pending; use a new one for every frame")

    def message(
        self, ref: str, text: str, *, client_ref: str | None = None, locale: str | None = None
    ) -> None:
        """Take a turn or a command; the outbox tells the rest. Never waits.

        Raises a `NexusError`, with `crisis` in it where the words deserve it.
        """
        verdict = crisis.screen(text)
        try:
            self.claim(ref)
            post = self._hub.checked(self.user_id, text, client_ref=client_ref, locale=locale)
            self._session.post(post, verdict, Origin(self.outbox, ref, self._pending))
        except Closed:
            error = Aborted("the session is ending; connect again and send it again")
            raise self._hub.refused(error, self.user_id, verdict, locale) from None
        except NexusError as error:
            raise self._hub.refused(error, self.user_id, verdict, locale) from None
        self._late.pop(ref, None)
        self._late[ref] = None
        if len(self._late) > REMEMBERED:
            del self._late[next(iter(self._late))]

    def hasten(self, view: CrisisView | None) -> None:
        """Tell the help for words that are not taken yet, if any. Never waits.

        It has no position of its own; they have their notice once more when they are taken.
        """
        if view is not None and view.detected:
            hasten(self.outbox, view, self.position)

    def stop(self, ref: str) -> None:
        """End the message with that `ref` as aborted. Raises `NotFound` for one that never was."""
        job = self._pending.get(ref)
        if job is not None:
            job.stop()
        elif ref not in self._late:
            raise NotFound("no message of this connection has that ref")

    async def acknowledge(self, position: Position) -> None:
        """The user has seen everything up to `position`; stored when this returns.

        Raises `StoreUnavailable`; then notices come again. A caller that goes
        away leaves it under way.
        """
        try:
            await self._session.move(Move("seen", position=position))
        except Closed:
            raise Aborted("the session is ending; connect again and send it again") from None

    @property
    def position(self) -> Position:
        """The latest position of the session's stream."""
        return self._session.position or self.welcome.position

    @property
    def room(self) -> str | None:
        """The room that the user is in."""
        view = self._session.view()
        return None if view is None else view.room

    def look(self) -> RoomView:
        """A look at the room that the user is in. Raises `NotFound` where it is in none."""
        room = self.room
        if room is None:
            raise NotFound("you are in no room; go to one")
        return self._hub.look(room)

    async def go(self, room: str) -> RoomView:
        """Go to a room, as `Hub.join`."""
        return await self._hub.join(self.user_id, room)

    async def say(self, text: str, locale: str | None = None) -> Placed:
        """Say `text` aloud where the user is: position and verdict. Errors as `Hub.say`."""
        return await self._hub.say_here(self.user_id, text, locale=locale)

    def gone(self) -> None:
        """The client went away by itself: what it asked for goes on or ends, by the settings."""
        self._session.gone(self._pending.values(), self.outbox)


class Asked(Protocol):
    """Whoever runs a turn: a session, or the hub's turns without one."""

    def gone(self, jobs: Iterable[Job], outbox: Outbox, *, stop: bool = False) -> None:
        """Whoever asked went away by itself; see `Session.gone`."""
        ...


class TurnStream:
    """One turn as it is told to a call that asked for nothing else. Not for two readers."""

    def __init__(self, asked: Asked, job: Job, outbox: Outbox) -> None:
        self.outbox = outbox
        self._asked = asked
        self._job = job

    async def outcome(self) -> Reply:
        """The reply, or its error raised: also where the outbox was too full to tell it."""
        try:
            return await self._job.slot.wait()
        finally:
            if self._job.slot.done:
                self._job.handed_over()

    def mute(self) -> None:
        """Tell nothing on the way: only the outcome is waited for, and nothing piles up."""
        self.outbox.close(GONE)

    def close(self, *, stop: bool = False) -> None:
        """Nobody reads any more. Never waits.

        With `stop` the turn ends as aborted, unless its reply is with the store
        already or somebody else waits for it.
        """
        if not self._job.slot.done:
            self._asked.gone((self._job,), self.outbox, stop=stop)


class Events:
    """An outbox as a listener sees it who wants the replies and the room's events alone."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox

    def __len__(self) -> int:
        return len(self._outbox)

    @property
    def closed(self) -> bool:
        """Whether the server has ended it."""
        return self._outbox.closed

    async def receive(self) -> Reply | RoomEvent:
        """The next one, or `Evicted`. Atomic with respect to cancellation."""
        while True:
            frame = await self._outbox.receive()
            if isinstance(frame, Answered):
                return frame.reply
            if isinstance(frame, Heard):
                return frame.event
