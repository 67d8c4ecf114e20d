"""The room actor: sole writer of its `RoomState`; fans events out.

A room waits for the broker and for no session, so there is no cycle. What it
is asked is handled one at a time, but for words that wait one behind the other:
they change nothing that the next ones depend on, and share a commit. The state
changes only when the broker delivers the event: an answer comes after the change,
so join, leave, say and look are linearizable (I13).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

import trio

from nexus_trio.broker.base import Broker
from nexus_trio.errors import NexusError, NotFound, StoreUnavailable
from nexus_trio.model import world
from nexus_trio.model.envelope import Position, RoomEvent, RoomView
from nexus_trio.model.room_state import (
    RoomState,
    apply,
    decide_answer,
    decide_join,
    decide_leave,
    decide_say,
)
from nexus_trio.runtime.frames import Heard
from nexus_trio.runtime.mailbox import Closed, Mailbox, Slot
from nexus_trio.runtime.outbox import Outbox
from nexus_trio.store.patience import Patience

MAILBOX = 1024
"""Operations that may wait in one room; a sender then waits, and only for the store."""

TOGETHER = 256
"""Events in one commit, be they owed or said: a crowded room's start takes a few, not thousands."""


WINDOW_EVENTS = 1000
WINDOW_S = 600.0
"""What is kept in memory of a room for those who come back: the newest events, none older
than ten minutes; whoever was away longer is served from the store."""


@dataclass(slots=True)
class Ask:
    """One operation. Its answer is the position of its event, or the latest where it made none.

    `answer` is the room's persona saying `text` aloud to `user_id`, made of what these
    `heard` have said, too. One whose slot has failed before it is `begun` is never done.
    """

    kind: Literal["join", "leave", "say", "answer"]
    user_id: str
    username: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    outboxes: tuple[Outbox, ...] = ()
    heard: frozenset[str] = frozenset()
    slot: Slot[Position] = field(default_factory=Slot)
    # Whether the room is at it: until then whoever asked may take it back.
    begun: bool = False


class RoomActor:
    """One room. Only its own task, and deliveries of the broker, change it."""

    def __init__(self, spec: world.Room, broker: Broker) -> None:
        self.spec = spec
        self._broker = broker
        self._mailbox: Mailbox[Ask] = Mailbox(MAILBOX)
        self._state = RoomState(spec.name, Position("", 0))
        # Who hears: a subset of the occupants, those with a connection.
        self._listeners: dict[str, list[Outbox]] = {}
        # Users who are not here, whatever the stream says so far: their leaving
        # or their join could not be stored, or not surely. They are gone from
        # the view at once (no ghost, I15); `left` is published when it can be.
        # So too for those whom a crash of the process left in the stored stream.
        self._owed: dict[str, RoomEvent] = {}
        # What stood in the mailbox behind words that were taken together: it comes next.
        self._behind: Ask | None = None
        # What is under way, and who is to be disowned when it has ended.
        self._handling: Sequence[Ask] = ()
        self._leaving: dict[str, str | None] = {}
        # The newest events and when they came, the last one at `_state.position`.
        self._recent: deque[tuple[float, Heard]] = deque(maxlen=WINDOW_EVENTS)
        self._overhear: Callable[[RoomEvent], None] = _to_nobody

    async def open(self) -> None:
        """Subscribe, and say of those who were here that they have left.

        Called once, before the actor runs. The room is empty from the first
        look on, whatever the store does.
        """
        name = self.spec.name
        tail = await self._broker.subscribe(name, self._deliver)
        there = await self._broker.occupants(name)
        self._state = RoomState(name, tail, dict(there))
        self._owed = {user: RoomEvent(name, "left", user, called) for user, called in there.items()}
        with suppress(StoreUnavailable):  # still owed, and published when it can be
            await self._settle()

    async def run(self) -> None:
        """Handle asks until cancelled."""
        while True:
            asks = self._handling = await self._next()
            try:
                await self._handle(asks)
            except NexusError as error:
                for ask in asks:
                    ask.slot.fail(error)
            finally:
                self._handling = ()
                leaving, self._leaving = self._leaving, {}
                for user_id, username in leaving.items():
                    self.disown(user_id, username)
                for ask in asks:
                    self._done(ask)

    async def _next(self) -> Sequence[Ask]:
        """What is asked next: one operation, or the words that wait one behind the other."""
        behind, self._behind = self._behind, None
        ask = behind or await self._mailbox.receive()
        asks = [ask]
        while ask.kind == "say" and len(asks) < TOGETHER:
            following = self._mailbox.receive_now()
            if following is None:
                break
            if following.kind != "say":
                self._behind = following
                break
            asks.append(following)
        asks = [each for each in asks if not each.slot.done]  # the others were taken back
        for each in asks:
            each.begun = True
        return asks

    def _done(self, ask: Ask) -> None:
        if ask.kind in ("join", "leave") and not ask.slot.answered:
            self.disown(ask.user_id, ask.username)
            if ask.kind == "join":
                # Even should it have been stored: nobody was told that it is so.
                self._listeners.pop(ask.user_id, None)
        # A crash or a cancellation answers too: nobody waits for ever.
        ask.slot.fail(StoreUnavailable("the room could not finish this; try again"))

    async def ask(self, ask: Ask) -> Position:
        """Do `ask` and answer. A waiter that is cancelled leaves the operation running.

        Raises `StoreUnavailable`, and `NotFound` for words of, or to, someone who is not here.
        """
        try:
            await self._mailbox.send(ask)
        except Closed:
            raise StoreUnavailable("the room is closed; try again") from None
        return await ask.slot.wait()

    def close(self) -> None:
        """Answer what still waits. The broker delivers nothing more here."""
        self._broker.unsubscribe(self.spec.name, self._deliver)
        left = [*self._mailbox.close()]
        if self._behind is not None:
            left.append(self._behind)
            self._behind = None
        for ask in left:
            ask.slot.fail(StoreUnavailable("the room is closed; try again"))

    async def _handle(self, asks: Sequence[Ask]) -> None:
        await self._settle()
        if asks and asks[0].kind == "say":  # and so are all others
            await self._say(asks)
        elif asks:
            await self._do(asks[0])

    async def _say(self, asks: Sequence[Ask]) -> None:
        said: list[tuple[Ask, RoomEvent]] = []
        for ask in asks:
            event = decide_say(self._state, ask.user_id, ask.username, ask.text or "")
            if event is None:
                ask.slot.fail(NotFound("you are not in this room; join it first"))
            else:
                said.append((ask, event))
        if said:
            events = [event for _, event in said]
            positions = await self._broker.publish_all(self.spec.name, events)
            for (ask, _), position in zip(said, positions, strict=True):
                ask.slot.set(position)

    async def _do(self, ask: Ask) -> None:
        if ask.kind == "join":
            event = decide_join(self._state, ask.user_id, ask.username)
            # Before the event: who joins hears of it as everyone else does.
            for outbox in ask.outboxes:
                self.listen(ask.user_id, outbox)
        elif ask.kind == "leave":
            event = decide_leave(self._state, ask.user_id)
        else:
            name, words = self.spec.persona.name, ask.text or ""
            event = decide_answer(self._state, name, words, ask.user_id, ask.heard)
            if event is None:
                raise NotFound("whoever is answered is not in this room any more")
        ask.slot.set(self._state.position if event is None else await self._broker.publish(event))

    async def _settle(self) -> None:
        """Hear what is in doubt, and publish what is owed, before anything is decided.

        Raises `StoreUnavailable` while the store is still down.
        """
        await self._broker.catch_up(self.spec.name)
        while self._owed:
            some = dict(islice(self._owed.items(), TOGETHER))
            here = [event for user, event in some.items() if user in self._state.occupants]
            if here:
                await self._broker.publish_all(self.spec.name, here)
            for user_id in some:
                del self._owed[user_id]
                self._listeners.pop(user_id, None)

    def disown(self, user_id: str, username: str | None) -> None:
        """The user is not here, from now on; the stream will be told when it can be.

        What stands before its `left` there is still the user's to hear, and so is that.
        Words of the user that are on their way come first: nobody speaks who has gone.
        """
        if any(ask.kind == "say" and ask.user_id == user_id for ask in self._handling):
            self._leaving[user_id] = username
            return
        self._owed[user_id] = RoomEvent(self.spec.name, "left", user_id, username)

    def owes(self, user_id: str) -> bool:
        """Whether the stream has yet to be told that the user is not here."""
        return user_id in self._owed or user_id in self._leaving

    def _deliver(self, event: RoomEvent) -> None:
        effects = apply(self._state, event)
        heard, now = Heard(effects.tell), trio.current_time()
        self._recent.append((now, heard))
        while self._recent[0][0] < now - WINDOW_S:
            self._recent.popleft()
        for outboxes in self._listeners.values():
            for outbox in outboxes:
                outbox.offer(heard)
        if effects.forget is not None:
            # After its own `left`, nothing is delivered to it any more (I16).
            self._listeners.pop(effects.forget, None)
        self._overhear(event)

    def overheard_by(self, hear: Callable[[RoomEvent], None]) -> None:
        """Have `hear` called with every event, after all were told. It may neither wait nor raise.

        There is one such hearer, the room's persona.
        """
        self._overhear = hear

    def listen(self, user_id: str, outbox: Outbox) -> None:
        """Offer this room's events to `outbox` from now on, until its user leaves."""
        outboxes = self._listeners.setdefault(user_id, [])
        if outbox not in outboxes and not outbox.closed:
            outboxes.append(outbox)

    def unlisten(self, user_id: str, outbox: Outbox) -> None:
        """Offer nothing more to `outbox`; an unknown one is ignored."""
        outboxes = self._listeners.get(user_id, [])
        if outbox in outboxes:
            outboxes.remove(outbox)
        if not outboxes:
            self._listeners.pop(user_id, None)

    def since(self, after: int, until: int) -> list[Heard] | None:
        """The events behind offset `after` up to `until`, or None where memory has them no more.

        Never waits. `until` is an offset that the room has reached.
        """
        newest = self._state.position.offset
        first = newest - len(self._recent)
        if after < first:
            return None
        recent = [heard for _, heard in self._recent]
        return recent[after - first : until - first]

    def forget(self, user_id: str) -> None:
        """The user was erased: its events, and answers made of its words, are tombstones (I19)."""
        self._bury(lambda event: event.made_of(user_id))

    def expired(self, offset: int) -> None:
        """Retention took the events up to that offset: in memory, too, they become tombstones."""
        self._bury(lambda event: event.position is not None and event.position.offset <= offset)

    def _bury(self, gone: Callable[[RoomEvent], bool]) -> None:
        for index, (at, heard) in enumerate(self._recent):
            if gone(heard.event):
                self._recent[index] = (at, Heard(heard.event.buried()))

    @property
    def position(self) -> Position:
        """The position of the latest event."""
        return self._state.position

    def holds(self, user_id: str) -> bool:
        """Whether the user is in this room."""
        return user_id in self._state.occupants and user_id not in self._owed

    @property
    def alone(self) -> bool:
        """Whether one person is in this room. Cheap however many there are."""
        return len(self._state.occupants) <= 1 + len(self._owed) and self.count == 1

    @property
    def count(self) -> int:
        """How many are in this room."""
        return len(self._state.occupants.keys() - self._owed.keys())

    def view(self) -> RoomView:
        """A look: the state as it is now. Never waits."""
        spec, state = self.spec, self._state
        occupants = tuple(sorted(state.occupants.keys() - self._owed.keys()))
        return RoomView(
            spec.name,
            spec.title,
            spec.description,
            spec.exits,
            state.position,
            occupants,
            spec.persona.name,
        )

    def queue_length(self) -> int:
        """Operations that wait, for the statistics."""
        return len(self._mailbox) + (self._behind is not None)


def _to_nobody(event: RoomEvent) -> None:
    """Of a room whose persona does not listen."""


async def leave_for_good(
    room: RoomActor, user_id: str, username: str | None, patience: Patience
) -> None:
    """Take a user whose session has ended out of the room, whatever the store does.

    Shielded for as long as `patience` lasts. Where that is not enough, the room
    shows the user as gone, and publishes `left` before anything that waits.
    """
    with patience.shield() as scope:
        try:
            await room.ask(Ask("leave", user_id, username))
        except StoreUnavailable:
            return  # the room has noted it
    if scope.cancelled_caught:
        room.disown(user_id, username)
