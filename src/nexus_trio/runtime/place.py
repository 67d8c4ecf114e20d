"""A session's place in the rooms: the sole driver of where its user is.

Its operations run one after the other in the session's own task, so that a
user is in one room at a time, and a caller that goes away does not leave the
user between two rooms (I13).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from nexus_trio import crisis
from nexus_trio.crisis.watch import Watch
from nexus_trio.errors import Aborted, NexusError, StoreUnavailable
from nexus_trio.model.envelope import NO_CRISIS, CrisisView, Position
from nexus_trio.model.presence import Presence, PresenceEvent, step
from nexus_trio.runtime.mailbox import Slot
from nexus_trio.runtime.outbox import Outbox
from nexus_trio.runtime.room import Ask, leave_for_good
from nexus_trio.runtime.services import Services
from nexus_trio.runtime.state import SessionState
from nexus_trio.store.base import Count, PutSession, Write

MoveKind = Literal["call", "go", "leave", "say", "seen", "wake"]


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the user is after a move; for words said aloud also their position and verdict."""

    room: str | None
    position: Position | None = None
    crisis: CrisisView | None = None


@dataclass(slots=True)
class Move:
    """One operation on a session's place. `room` None: where it is, or would be.

    `seen` acknowledges what stands at or before `position`; `wake` does nothing
    but have the deadlines looked at again.
    """

    kind: MoveKind
    room: str | None = None
    username: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    verdict: crisis.Verdict | None = None
    locale: str | None = None
    position: Position | None = None
    slot: Slot[Placed] = field(default_factory=Slot)


class Place:
    """Moves one session's user between rooms; used from one task of its session alone."""

    def __init__(self, state: SessionState, outboxes: list[Outbox], services: Services) -> None:
        self._state = state
        self._outboxes = outboxes
        self._services = services
        # The room that was asked to let the user in or out and has not answered:
        # should the session end now, the user might be, or come to be, in it (I15).
        self._unanswered: tuple[str, Ask] | None = None

    async def do(self, move: Move) -> None:
        """Carry `move` out and answer its slot; a `NexusError` is an answer too."""
        if move.username is not None:
            self._state.username = move.username
        if move.kind != "wake":
            self._state.last_active = self._services.now()
        try:
            match move.kind:
                case "call" | "go":
                    await self._become(move.kind, move.room)
                case "leave":
                    if move.room in (None, self._state.presence.room, self._state.presence.back):
                        await self._become("leave", None)
                case "say":
                    move.slot.set(await self._say(move))
                case "seen" if move.position is not None:
                    await self._acknowledge(move.position)
            move.slot.set(Placed(self._state.presence.room))
        except NexusError as error:
            move.slot.fail(error)
        finally:
            # A crash and the session's end answer too: nobody waits for ever.
            move.slot.fail(Aborted("the session ended before this was done; send it again"))

    async def grace_over(self) -> None:
        """Its last connection or call was long enough ago: it has left."""
        await self._become("grace", None)

    async def _become(self, event: PresenceEvent, room: str | None) -> None:
        """Move to where the table says. On `StoreUnavailable` it is in no room for now."""
        state = self._state
        before = state.presence
        target = step(before, event, self._services.world.default, room)
        if before.room is not None and before.room != target.room:
            # From here on it is in no room, whatever the store says: a room that
            # could not publish this shows the user as gone, and publishes later.
            state.presence = Presence(None, target.back)
            await self._ask(before.room, Ask("leave", state.user_id, state.username))
        if target.room is not None and before.room != target.room:
            await self._out_of_all()
            outboxes = tuple(self._outboxes)
            join = Ask("join", state.user_id, state.username, outboxes=outboxes)
            state.arrival = await self._ask(target.room, join)
        state.presence = target
        if target.back != before.back:
            await self._remember()

    async def _out_of_all(self) -> None:
        """What a room could not publish of a leaving comes first: in one room at a time (I13)."""
        for name, room in self._services.rooms.items():
            if room.owes(self._state.user_id):
                await self._ask(name, Ask("leave", self._state.user_id, self._state.username))

    async def _ask(self, room: str, ask: Ask) -> Position:
        """Have `room` do `ask`, and remember it for `vacate` until it has been answered."""
        self._unanswered = (room, ask)
        try:
            position = await self._services.rooms[room].ask(ask)
        except StoreUnavailable:
            self._unanswered = None  # the room sees to it that the user is not there
            raise
        self._unanswered = None
        return position

    async def _acknowledge(self, position: Position) -> None:
        """Notices that the user has seen are owed no more, after a restart neither."""
        state, ledger = self._state, self._services.ledger
        seen = state.covered(position)
        if not seen:
            return
        record = replace(state.record(), seen=seen[-1].position.offset)
        await self._store(PutSession(record), *ledger.acknowledged(state.user_id, seen))
        state.acknowledged(seen)

    async def _remember(self, *counts: Count) -> None:
        """Store where the next call brings the user, and the watch."""
        await self._store(PutSession(self._state.record()), *counts)

    async def _store(self, *writes: Write) -> None:
        services = self._services
        with services.shield() as scope:
            await services.store.append(writes)
        if scope.cancelled_caught:
            raise StoreUnavailable("the store took too long; try again")

    async def _say(self, move: Move) -> Placed:
        state, services = self._state, self._services
        if move.room is not None and move.room != state.presence.room:
            await self._become("go", move.room)
        else:
            await self._become("call", None)
        before = state.watch
        state.watch, view = self._assess(move)
        folded = state.watch
        room = services.rooms[state.presence.room or services.world.default]
        try:
            # The watch first: words that all have heard must not be refused
            # afterwards, for they would be said, and folded, again.
            if folded != before:
                said = view or NO_CRISIS
                await self._remember(
                    *services.ledger.counts(state.user_id, said, delivered=said.detected)
                )
            position = await room.ask(Ask("say", state.user_id, state.username, move.text))
        except StoreUnavailable:
            if state.watch is folded:
                state.watch = before
            raise
        return Placed(room.spec.name, position, view)

    def _assess(self, move: Move) -> tuple[Watch, CrisisView | None]:
        if move.verdict is None:
            return self._state.watch, None
        care = self._services.care
        watch, view = care.assess(self._state.watch, move.verdict, move.locale)
        self._services.alert(self._state.user_id, self._state.session_id, view.level)
        return watch, view

    async def vacate(self) -> None:
        """The session has ended: out of the room, whatever the store does.

        Not where the hub closes: its rooms end with it.
        """
        state, services = self._state, self._services
        unanswered = None
        if self._unanswered is not None:
            unanswered, ask = self._unanswered
            if not ask.begun:
                # Nobody wants it any more: a join would come behind the leaving below, should
                # that take too long, and the user be in two rooms.
                ask.slot.fail(Aborted("the session has ended"))
        for name in (state.presence.room, unanswered):
            if name is not None and not services.patience.ending:
                await leave_for_good(
                    services.rooms[name], state.user_id, state.username, services.patience
                )
        state.presence = step(state.presence, "grace", services.world.default)
