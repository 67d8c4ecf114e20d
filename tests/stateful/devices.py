"""One device of a user: connects, reads, goes, and comes back from where it was.

What it is given is checked as it comes: each event of a stream once, in order, without a gap
(I14, I18), deltas from 0 (I9). A device that does not read is evicted, and comes back (I20).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import trio
from bridge_calls import Call

from nexus_trio.errors import NexusError
from nexus_trio.model.envelope import Position
from nexus_trio.runtime.connection import Connection
from nexus_trio.runtime.frames import Answered, Delta, Failed, Frame, Heard, Noticed
from nexus_trio.runtime.outbox import Evicted

if TYPE_CHECKING:
    from bridge_life import BridgeLife


class Device:
    """What one device has seen. `frames` counts by kind, over all of its connections."""

    def __init__(self, life: BridgeLife, user: str) -> None:
        self.user = user
        self.life = life
        self.position: Position | None = None
        self.place: tuple[str, Position] | None = None
        self.connection: Connection | None = None
        self.gone, self.answered = trio.Event(), trio.Event()
        """Set when its connection is over; when the hub has said whether it is welcome."""
        self.may_read = trio.Event()
        self.scope = trio.CancelScope()
        self.frames: Counter[str] = Counter()
        self.codes: list[int] = []
        self.visits = 0
        self.seen = False
        """Whether its next visit acknowledges what it was given before."""
        self.seqs: dict[int, int] = {}
        self.notices: list[int] = []
        """In how many ways this connection was told of a crisis: one number a connection."""
        self.came = {kind: trio.Event() for kind in ("Delta", "Noticed", "Heard")}
        """Set once it was given a frame of that kind."""
        self.refs: list[str] = []
        """Of the messages that were taken, by all of its connections."""
        self.crises: set[str] = set()
        """Refs of messages at `crisis` that were taken."""

    def require(self, number: str, holds: object, what: str) -> None:
        self.life.oracle.require(number, bool(holds), f"{self.user}'s device: {what}")

    async def visit(self) -> None:
        """One connection, from its coming to its end; evicted, it comes back once it may read."""
        after, room_after = self.position, None if self.place is None else self.place[1]
        self.scope = trio.CancelScope()
        call, life = Call("listen", self.user), self.life
        life.oracle.begin(call)
        try:
            with self.scope:
                where = {"after": after, "room_after": room_after, "seen": self.seen}
                async with life.hub.connect(self.user, **where) as connection:
                    life._finish(call, "ok", {})
                    if self.seen:
                        life.acknowledged.add(self.user)
                    self._welcome(connection, after)
                    while True:
                        await self.may_read.wait()
                        self._take(await connection.outbox.receive())
        except Evicted as evicted:
            self.codes.append(evicted.code)
        except NexusError as error:
            self.frames[error.code] += 1
        finally:
            if not call.end and not life.oracle.over:
                life._finish(call, "cancelled", {})
            self.connection = None
            self.gone.set()
            self.answered.set()

    def _welcome(self, connection: Connection, after: Position | None) -> None:
        welcome = connection.welcome
        if welcome.recovered and after is not None:
            self.require("I18", welcome.position == after, f"asked {after}, is at {welcome}")
        self.frames["recovered" if welcome.recovered else "not recovered"] += 1
        self.position = welcome.position
        self.place = None
        if welcome.room is not None and welcome.room_position is not None:
            self.place = (welcome.room, welcome.room_position)
        self.seqs.clear()
        self.notices.append(0)
        self.visits += 1
        self.connection = connection
        self.gone = trio.Event()
        self.answered.set()

    def _take(self, frame: Frame) -> None:
        kind = type(frame).__name__
        self.frames[kind] += 1
        if kind in self.came:
            self.came[kind].set()
        match frame:
            case Delta(_, turn, seq):
                expected = self.seqs.get(turn, 0)
                self.require("I9", seq == expected, f"delta {seq} of turn {turn}, not {expected}")
                self.seqs[turn] = seq + 1
            case Answered(ref, reply):
                self.life.oracle.own(self.user, reply.response)
                self._stands(reply.position, own=ref is not None)
            case Failed(ref, error, _, position):
                self.notices[-1] += bool(error.crisis and error.crisis.notice)
                if position is not None:
                    self._stands(position, own=ref is not None)
            case Noticed(_, text, _, position):
                self.require("I23", "988" in text, "a notice without help in it")
                self.notices[-1] += 1
                self._stands(position, own=True)
            case Heard(event) if event.position is not None:
                self._heard(event.room, event.position, event.user_id)

    def _stands(self, position: Position, *, own: bool) -> None:
        """An event of the session: the next one; or one told once more, which only its own are."""
        now = self.position
        if now is None or (own and position.epoch != now.epoch):
            return  # in haste: it has no place of its own yet
        if own and position.offset <= now.offset:
            return
        following = Position(now.epoch, now.offset + 1)
        self.require("I18", position == following, f"given {position} behind {now}")
        self.position = position

    def _heard(self, room: str, position: Position, user: str | None) -> None:
        if self.place is not None and self.place[0] == room:
            last = self.place[1]
            self.require("I14", position.offset > last.offset, f"{room}: {position} again")
            if user != self.user:
                following = position.offset == last.offset + 1
                self.require("I14", following, f"{room}: {position} behind {last}")
        self.place = (room, position)

    def at_rest(self) -> None:
        """All that was told has come, and a crisis was told to whom it is about."""
        connection = self.connection
        if connection is None or connection.outbox.closed or not self.may_read.is_set():
            return
        self.require("I18", not len(connection.outbox), "it has not read what there is")
        last = connection.position
        self.require("I18", self.position == last, f"has {self.position}, the stream {last}")
        if self.crises:
            told = sum(self.notices)
            self.require("I24", told > 0, f"{self.crises} were never told of help")
        if self.user not in self.life.acknowledged and self._owed():
            again = self.notices[-1] > 0
            self.require("I24", again, "came back, acknowledged nothing, and was not told again")

    def _owed(self) -> bool:
        """Whether a notice stands that no reply has brought: that of words over a connection."""
        oracle = self.life.oracle
        sent = {c.message for c in oracle.calls if (c.kind, c.user) == ("send", self.user)}
        turns = oracle.turns.get(self.user, [])
        return any(turn["crisis"]["detected"] and turn["message"] in sent for turn in turns)
