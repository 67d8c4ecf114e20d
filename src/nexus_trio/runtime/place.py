"""A session's place in the rooms: the sole driver of where its user is.

Its operations run one after the other in the session's own task, so that a
user is in one room at a time, and a caller that goes away does not leave the
user between two rooms (I13).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import trio

from nexus_trio import crisis
from nexus_trio.errors import NexusError, StoreUnavailable
from nexus_trio.model.envelope import CrisisView, Position
from nexus_trio.model.presence import Presence, PresenceEvent, step
from nexus_trio.runtime import care
from nexus_trio.runtime.mailbox import Slot
from nexus_trio.runtime.outbox import Outbox
from nexus_trio.runtime.room import Ask, leave_for_good
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.state import SessionState
from nexus_trio.store.base import PutSession

MoveKind = Literal["call", "go", "leave", "say", "wake"]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the user is after a move; for words said aloud also their position and verdict."""

    room: str | None
    position: Position | None = None
    crisis: CrisisView | None = None


@dataclass(slots=True)
class Move:
    """One operation on a session's place. `room` None: where it is, or would be.

    `wake` does nothing but have the deadlines looked at again.
    """

    kind: MoveKind
    room: str | None = None
    username: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    verdict: crisis.Verdict | None = None
    locale: str | None = None
    slot: Slot[Placed] = field(default_factory=Slot)


class Place:
    """Moves one session's user between rooms; used from one task of its session alone."""

    def __init__(self, state: SessionState, outboxes: list[Outbox], services: Services) -> None:
        self._state = state
        self._outboxes = outboxes
        self._services = services
        # A join that was asked for and not yet answered: should the session
        # end now, the room would still let the user in (I15).
        self._entering: str | None = None

    async def do(self, move: Move) -> None:
        """Carry `move` out and answer its slot; a `NexusError` is an answer too."""
        if move.username is not None:
            self._state.username = move.username
        try:
            match move.kind:
                case "call" | "go":
                    await self._become(move.kind, move.room)
                case "leave":
                    if move.room in (None, self._state.presence.room, self._state.presence.back):
                        await self._become("leave", None)
                case "say":
                    move.slot.set(await self._say(move))
            move.slot.set(Placed(self._state.presence.room))
        except NexusError as error:
            move.slot.fail(error)

    async def grace_over(self) -> None:
        """Its last connection or call was long enough ago: it has left."""
        await self._become("grace", None)

    async def _become(self, event: PresenceEvent, room: str | None) -> None:
        """Move to where the table says. On `StoreUnavailable` it is in no room, or where it was."""
        state, services = self._state, self._services
        before = state.presence
        target = step(before, event, services.world.default, room)
        if before.room is not None and before.room != target.room:
            try:
                await services.rooms[before.room].ask(Ask("leave", state.user_id))
            except StoreUnavailable:
                # The room owes the event and shows the user as gone.
                state.presence = Presence(None, target.back)
                raise
            state.presence = Presence(None, target.back)
        if target.room is not None and before.room != target.room:
            join = Ask("join", state.user_id, state.username, outboxes=tuple(self._outboxes))
            self._entering = target.room
            state.arrival = await services.rooms[target.room].ask(join)
            self._entering = None
        state.presence = target
        if target.back != before.back:
            await self._remember()

    async def _remember(self) -> None:
        """Store where the next call brings the user."""
        services = self._services
        with trio.move_on_after(services.settings.store_timeout_s, shield=True) as scope:
            await services.store.append((PutSession(self._state.record()),))
        if scope.cancelled_caught:
            raise StoreUnavailable("the store took too long; try again")

    async def _say(self, move: Move) -> Placed:
        state, services = self._state, self._services
        if move.room is not None and move.room != state.presence.room:
            await self._become("go", move.room)
        else:
            await self._become("call", None)
        locale = move.locale or services.settings.locale
        before, view = state.watch, None
        if move.verdict is not None:
            state.watch, view = care.assess(state.watch, move.verdict, locale)
        folded = state.watch
        room = services.rooms[state.presence.room or services.world.default]
        try:
            position = await room.ask(Ask("say", state.user_id, text=move.text))
        except StoreUnavailable:
            if state.watch is folded:
                state.watch = before
            raise
        if state.watch != before:
            await self._remember()
        return Placed(state.presence.room, position, view)

    async def vacate(self) -> None:
        """The session has ended: out of the room, whatever the store does."""
        services, state = self._services, self._state
        for name in {state.presence.room, self._entering} - {None}:
            room = services.rooms[str(name)]
            await leave_for_good(room, state.user_id, services.settings.store_timeout_s)
        state.presence = step(state.presence, "grace", services.world.default)
