"""What clients may be told, kept apart from the hub: the streams as stored, and clients as they
should be.

A client remembers the last position that it was given of each stream, and comes back with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import trio
from checked_frames import checked

from nexus_trio.errors import StoreUnavailable
from nexus_trio.model.envelope import Erased, Position, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Answered, Delta, Failed, Frame, Heard, Noticed
from nexus_trio.runtime.session import Welcome
from nexus_trio.store.base import LoadedSession, Page, PutRoomEvent, PutSession, PutTurn, Write
from nexus_trio.store.memory import MemoryStore
from nexus_trio.testing.hubs import Names
from nexus_trio.web import live

MOST = 12
"""Events that a resume gives here: few enough that clients miss more."""


@dataclass
class Truth:
    """What was committed, by stream: each session's by its epoch, each room's by its name."""

    turns: dict[str, dict[int, Turn | str]] = field(default_factory=dict)
    rooms: dict[str, list[RoomEvent]] = field(default_factory=dict)
    members: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    # How many events of each room had been stored when its author was erased.
    erased: set[tuple[str, int]] = field(default_factory=set)

    def turn(self, epoch: str, turn: Turn) -> None:
        """A turn was stored; once ended it stands in its stream, behind its notice."""
        if turn.position is None:
            return
        stream = self.turns.setdefault(epoch, {})
        assert turn.position.offset not in stream
        stream[turn.position.offset] = turn
        if turn.crisis.detected:
            stream[turn.position.offset - 1] = turn.crisis.notice or ""

    def happened(self, event: RoomEvent) -> None:
        """An event of a room was stored."""
        events = self.rooms.setdefault(event.room, [])
        before = self.members.setdefault(event.room, [frozenset()])
        assert event.position is not None
        assert event.position.offset == len(events) + 1
        events.append(event)
        there = before[-1]
        if event.user_id is not None:
            own = {event.user_id}
            there = there | own if event.event == "joined" else there
            there = there - own if event.event == "left" else there
        before.append(there)

    def erase(self, user: str) -> None:
        """All of the user's events are tombstones from now on."""
        for room, events in self.rooms.items():
            for number, event in enumerate(events, start=1):
                if event.user_id == user:
                    self.erased.add((room, number))

    def may_hear(self, user: str, room: str, offset: int) -> bool:
        """Whether the event at `offset` is for that user: one who was there, or who comes."""
        event = self.rooms[room][offset - 1]
        coming = event.event == "joined" and event.user_id == user
        return coming or user in self.members[room][offset - 1]

    def arrival(self, user: str, room: str, until: int) -> int:
        """The offset of the user's latest arrival in the room."""
        events = enumerate(self.rooms[room][:until], start=1)
        return max(n for n, e in events if (e.event, e.user_id) == ("joined", user))


class TruthfulStore(MemoryStore):
    """A memory store that takes its time, and tells the truth of what it commits.

    The next `refusals` appends are refused.
    """

    def __init__(self, truth: Truth) -> None:
        super().__init__(Names())
        self.refusals = 0
        self.room_reads = 0
        self._truth = truth
        self._writer = trio.Lock()

    async def append(self, writes: Sequence[Write]) -> None:
        async with self._writer:
            await trio.lowlevel.checkpoint()
            if self.refusals:
                self.refusals -= 1
                raise StoreUnavailable("told to be down")
            await super().append(writes)
            for write in writes:
                if isinstance(write, PutTurn):
                    (epoch,) = (w.record.epoch for w in writes if isinstance(w, PutSession))
                    self._truth.turn(epoch, write.turn)
                elif isinstance(write, PutRoomEvent):
                    self._truth.happened(write.event)
            await trio.lowlevel.checkpoint()

    async def load(self, user_id: str, window: int) -> LoadedSession | None:
        await trio.lowlevel.checkpoint()
        return await super().load(user_id, window)

    async def history(self, user_id: str, after: Position | None, limit: int) -> Page | None:
        await trio.lowlevel.checkpoint()
        page = await super().history(user_id, after, limit)
        await trio.lowlevel.checkpoint()
        return page

    async def reference(self, user_id: str, client_ref: str, since: datetime) -> Turn | None:
        await trio.lowlevel.checkpoint()
        return await super().reference(user_id, client_ref, since)

    async def room_events(self, room: str, after: Position, limit: int) -> tuple[RoomEvent, ...]:
        self.room_reads += 1
        await trio.lowlevel.checkpoint()
        events = await super().room_events(room, after, limit)
        await trio.lowlevel.checkpoint()
        return events

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        async with self._writer:
            erased = await super().erase(user_id)
            self._truth.erase(user_id)
            await trio.lowlevel.checkpoint()
            return erased


@dataclass
class Client:
    """One device of a user, and what it was given."""

    user: str
    truth: Truth
    tally: Counter[str]
    position: Position | None = None
    places: dict[str, Position] = field(default_factory=dict)
    """The last position of each room."""
    room: str | None = None
    deltas: dict[int, list[str]] = field(default_factory=dict)
    introduced: set[int] = field(default_factory=set)
    """Turns of others whose message this connection was told."""
    connection: Connection | None = None
    pending: set[str] = field(default_factory=set)
    """Refs of messages that have no outcome yet on this connection."""
    dead: frozenset[tuple[str, int]] = frozenset()
    """Room events that were tombstones before this connection began."""

    def asks_for(self) -> dict[str, Any]:
        """Where it was, for `Hub.connect`; called as it begins to connect."""
        self.dead = frozenset(self.truth.erased)
        place = None if self.room is None else self.places[self.room]
        return {"after": self.position, "room_after": place}

    def arrived(self, connection: Connection, asked: dict[str, Any]) -> None:
        """It is welcome: from where, and with what right if not from where it was."""
        welcome = connection.welcome
        self.connection = connection
        self.deltas.clear()
        self.introduced.clear()
        # Nobody outside of the outbox need know which frames were put there for a return.
        missed = islice(connection.outbox._frames, connection.outbox._missed)
        again = [frame for frame in missed if isinstance(frame, Delta)]
        self.tally["told again"] += bool(again)
        wanted = asked["after"] is not None or asked["room_after"] is not None
        if welcome.recovered:
            self.tally["recovered"] += wanted
            assert asked["after"] in (None, welcome.position)
            assert asked["room_after"] in (None, welcome.room_position)
        else:
            self.tally["not recovered"] += 1
            if not connection.outbox.closed:
                asked = asked if wanted else {"after": None, "room_after": self.arrival(welcome)}
                assert not self.had_whole(asked, welcome), "not recovered, and for no reason"
        self.position, self.room = welcome.position, welcome.room
        if welcome.room is not None and welcome.room_position is not None:
            self.places[welcome.room] = welcome.room_position

    def arrival(self, welcome: Welcome) -> Position | None:
        """Who comes without a position, and into a room, hears of that."""
        room, tail = welcome.room, welcome.room_position
        if room is None or tail is None:
            return None
        return Position(tail.epoch, self.truth.arrival(self.user, room, tail.offset) - 1)

    def had_whole(self, asked: dict[str, Any], welcome: Welcome) -> bool:
        """Whether all that it asked for was there to be had."""
        after, room_after, room = asked["after"], asked["room_after"], welcome.room
        if after is not None:
            stored = self.truth.turns.get(after.epoch, {})
            if not _near(after, welcome.position) or any(
                n not in stored for n in range(after.offset + 1, welcome.position.offset + 1)
            ):
                return False
        if room_after is not None:
            if room is None or welcome.room_position is None:
                return False
            until = welcome.room_position
            # Events may have come since: then another arrival may have, too.
            arrival = self.truth.arrival(self.user, room, len(self.truth.rooms[room]))
            if not _near(room_after, until) or room_after.offset < arrival - 1:
                return False
        return True

    def gone(self) -> None:
        """Its connection is over."""
        self.connection = None
        self.pending.clear()

    def read(self, most: int) -> None:
        """Take so many frames of those that wait."""
        connection = self.connection
        for _ in range(most):
            if connection is None or not len(connection.outbox):
                return
            frame = connection.outbox.take()
            checked(live.encoded(frame))
            self.take(frame)

    def take(self, frame: Frame) -> None:
        """One frame: in its place in its stream, and as it was stored."""
        match frame:
            case Delta(ref, turn, seq, text, message):
                self.introduce(ref, turn, message)
                pieces = self.deltas.setdefault(turn, [])
                assert seq == len(pieces), "a delta is missing, or came twice"
                pieces.append(text)
            case Answered(ref, reply, message):
                self.introduce(ref, reply.turn, message)
                self.outcome(ref, reply.turn)
                self.ended(reply.turn, reply.position, ref)
                pieces = self.deltas.pop(reply.turn, [])
                # Where the responder failed someone in need, the notice is all.
                if reply.response != reply.crisis.notice:
                    assert reply.response.endswith("".join(pieces))
            case Failed(ref, error, turn, position, message):
                if turn is not None:
                    self.introduce(ref, turn, message)
                    pieces = self.deltas.pop(turn, None)
                    assert position is None or error.partial is not None
                    if pieces is not None and error.partial is not None:
                        assert error.partial == "".join(pieces)
                self.outcome(ref, turn)
                if position is not None and turn is not None:
                    self.ended(turn, position, ref)
            case Noticed(_, text, _, position):
                self.noticed(text, position)
            case Heard(event):
                self.heard(event)

    def introduce(self, ref: str | None, turn: int, message: str | None) -> None:
        """The message comes with the first frame of a turn, to who did not ask."""
        assert (message is not None) == (ref is None and turn not in self.introduced)
        if message is not None:
            self.introduced.add(turn)

    def outcome(self, ref: str | None, turn: int | None) -> None:
        """One outcome for each message, and to nobody else."""
        if turn is not None:
            self.introduced.discard(turn)
        if ref is not None:
            assert ref in self.pending, f"{ref} has an outcome and asked for none"
            self.pending.remove(ref)

    def ended(self, number: int, position: Position, ref: str | None) -> None:
        assert self.position is not None
        if ref is not None and position.offset <= self.position.offset:
            self.tally["repeated"] += 1
            return
        self.advance(position)
        stored = self.truth.turns[position.epoch][position.offset]
        assert isinstance(stored, Turn)
        assert stored.number == number

    def noticed(self, text: str, position: Position) -> None:
        assert self.position is not None
        if position.epoch != self.position.epoch or position.offset <= self.position.offset:
            self.tally["noticed again"] += 1  # which is right until it was acknowledged
            return
        self.advance(position)
        assert self.truth.turns.get(position.epoch, {}).get(position.offset, text) == text

    def advance(self, position: Position) -> None:
        assert self.position is not None
        assert position == Position(self.position.epoch, self.position.offset + 1)
        self.position = position

    def heard(self, event: RoomEvent) -> None:
        """An event of a room: none is left out that was for this user, and none comes twice."""
        at, room = event.position, event.room
        assert at is not None
        last = self.places.get(room, Position(at.epoch, 0))
        assert last.epoch == at.epoch
        assert last.offset < at.offset, "an event of the room came twice"
        if self.room != room:
            assert (event.event, event.user_id) == ("joined", self.user)
            self.room = room
        elif last.offset + 1 < at.offset:
            missed = [
                event
                for n, event in enumerate(self.truth.rooms[room][: at.offset - 1], start=1)
                if n > last.offset and self.truth.may_hear(self.user, room, n)
            ]
            # A join that was refused, and stored all the same, was undone at once.
            undone = [e for e in missed if e.user_id == self.user]
            assert missed == undone
            assert [e.event for e in undone] == ["joined", "left"] * (len(undone) // 2)
        self.places[room] = at
        assert self.truth.may_hear(self.user, room, at.offset), (
            "heard in a room without being there"
        )
        stored = self.truth.rooms[room][at.offset - 1]
        if event.event == "erased":
            self.tally["tombstones"] += 1
            assert (room, at.offset) in self.truth.erased
            assert (event.user_id, event.username, event.text) == (None, None, None)
        else:
            assert event == stored
            assert (room, at.offset) not in self.dead, "told what was erased before"


def _near(after: Position, tail: Position) -> bool:
    return after.epoch == tail.epoch and 0 <= tail.offset - after.offset <= MOST
