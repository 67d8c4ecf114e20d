"""A store in memory: nothing survives the process, everything else is as promised."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from heapq import nsmallest
from itertools import islice

from nexus_trio.errors import NotFound
from nexus_trio.model.envelope import Erased, Position, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.store.base import (
    Count,
    Expired,
    LedgerAction,
    LoadedSession,
    Page,
    PutRoomEvent,
    PutSession,
    PutTurn,
    SessionRecord,
    StoredSession,
    Write,
)

ROOM_EVENTS_KEPT = 1000
"""Events of a room that can be resumed: what a client misses in some minutes away."""


@dataclass(slots=True)
class _Held:
    """All that is held of one user."""

    record: SessionRecord
    # In order of their numbers; only the last one may be unfinished.
    turns: list[Turn] = field(default_factory=list)
    references: dict[str, int] | None = None
    # The number of the last turn that `expire` took, and its offset.
    removed: int = 0
    removed_place: int = 0

    @property
    def newest(self) -> int:
        """The number of the last turn."""
        return self.removed + len(self.turns)

    def index(self, number: int) -> int:
        """Where in `turns` that turn stands."""
        return number - self.removed - 1


class MemoryStore:
    """`Store` on plain dicts. Its calls never wait, so they are atomic by nature.

    `new_epoch` names the rooms' epochs (injected, so that a replay is exact).
    """

    def __init__(self, new_epoch: Callable[[], str]) -> None:
        self._new_epoch = new_epoch
        self._users: dict[str, _Held] = {}
        self._tails: dict[str, Position] = {}
        self._events: dict[str, deque[RoomEvent]] = {}
        self._occupants: dict[str, dict[str, str | None]] = {}
        # By everything but the number.
        self._ledger: Counter[tuple[date, str, LedgerAction, str, str]] = Counter()

    @property
    def healthy(self) -> bool:
        return True

    @property
    def prompt(self) -> bool:
        # A store that is made of this one may have put a wait around it.
        return type(self).append is MemoryStore.append

    async def append(self, writes: Sequence[Write]) -> None:
        self._check(writes)
        for write in writes:
            match write:
                case PutTurn(user_id, turn):
                    self._put_turn(self._users[user_id], turn)
                case PutSession(record):
                    held = self._users.get(record.user_id)
                    if held is None:
                        self._users[record.user_id] = _Held(record)
                    else:
                        held.record = record
                case PutRoomEvent(event):
                    self._put_event(event)
                case Count(day, level, action, number, jurisdiction, lexicon):
                    self._ledger[day, level, action, jurisdiction, lexicon] += number

    def _check(self, writes: Sequence[Write]) -> None:
        """Refuse as a whole what would fail half-way."""
        for write in writes:
            if isinstance(write, PutTurn):
                held = self._users.get(write.user_id)
                if held is None:
                    made = (w.record.user_id for w in writes if isinstance(w, PutSession))
                    if write.user_id not in made:
                        raise ValueError("a turn is stored in a session")
                number, known = write.turn.number, held.newest if held else 0
                first = held.removed if held else 0
                if not first < number <= known + 1 or (
                    held and number <= known and held.turns[held.index(number)].status != "received"
                ):
                    raise ValueError(f"turn {number} has no predecessor, or has ended")
            elif isinstance(write, PutRoomEvent) and write.event.position is None:
                raise ValueError("a room event is stored with its position")

    def _put_turn(self, held: _Held, turn: Turn) -> None:
        if turn.number == held.newest + 1:
            held.turns.append(turn)
        else:
            held.turns[held.index(turn.number)] = turn
        if turn.client_ref is not None:
            held.references = held.references or {}
            held.references[turn.client_ref] = turn.number

    def _put_event(self, event: RoomEvent) -> None:
        if event.position is None:
            raise ValueError("a room event is stored with its position")
        self._events.setdefault(event.room, deque(maxlen=ROOM_EVENTS_KEPT)).append(event)
        self._tails[event.room] = event.position
        there = self._occupants.setdefault(event.room, {})
        if event.user_id is not None and event.event == "joined":
            there[event.user_id] = event.username
        elif event.user_id is not None and event.event == "left":
            there.pop(event.user_id, None)

    async def load(self, user_id: str, window: int) -> LoadedSession | None:
        held = self._users.get(user_id)
        if held is None:
            return None
        last = held.turns[-1] if held.turns else None
        unfinished = last if last is not None and last.status == "received" else None
        ended = held.turns[:-1] if unfinished else held.turns
        offset = ended[-1].position.offset if ended and ended[-1].position else held.removed_place
        shown = tuple(ended[-window:]) if window else ()
        return LoadedSession(held.record, held.newest, offset, shown, unfinished, held.removed)

    async def history(self, user_id: str, after: Position | None, limit: int) -> Page | None:
        held = self._users.get(user_id)
        if held is None:
            return None
        start = 0
        if after is not None:
            if after.epoch != held.record.epoch:
                raise NotFound("after is a position of another epoch; read from the beginning")
            start = bisect_right(held.turns, after.offset, key=_offset)
        rows = tuple(t for t in held.turns[start : start + limit + 1] if t.position is not None)
        more = len(rows) > limit
        return Page(rows[:limit], rows[limit - 1].position if more else None)

    async def sessions(self, after: str | None, limit: int) -> tuple[StoredSession, ...]:
        page = nsmallest(limit, (user for user in self._users if after is None or user > after))
        held = (self._users[user] for user in page)
        return tuple(StoredSession(each.record, len(each.turns)) for each in held)

    async def reference(self, user_id: str, client_ref: str, since: datetime) -> Turn | None:
        held = self._users.get(user_id)
        number = held.references.get(client_ref) if held and held.references else None
        if held is None or number is None:
            return None
        turn = held.turns[held.index(number)]
        return turn if turn.at >= since else None

    async def room_tail(self, room: str) -> Position:
        return self._tails.setdefault(room, Position(self._new_epoch(), 0))

    async def room_events(self, room: str, after: Position, limit: int) -> tuple[RoomEvent, ...]:
        tail = await self.room_tail(room)
        events = self._events.get(room, ())
        if (
            after.epoch != tail.epoch
            or not tail.offset - len(events) <= after.offset <= tail.offset
        ):
            raise NotFound("the events behind this position can't be had whole")
        missed = tail.offset - after.offset
        return tuple(list(events)[len(events) - missed :][:limit])

    async def occupants(self, room: str) -> Mapping[str, str | None]:
        return dict(self._occupants.get(room, {}))

    async def ledger(self, since: date, until: date) -> tuple[Count, ...]:
        days = (key for key in sorted(self._ledger) if since <= key[0] <= until)
        return tuple(Count(*key[:3], self._ledger[key], *key[3:]) for key in days)

    async def rooms_of(self, user_id: str) -> Mapping[str, str | None]:
        rooms = self._occupants.items()
        return {room: there[user_id] for room, there in rooms if user_id in there}

    async def events_of(
        self, user_id: str, after: RoomEvent | None, limit: int
    ) -> tuple[RoomEvent, ...]:
        rooms = list(self._events)
        first, seen = 0, 0
        if after is not None and after.position is not None:
            first, seen = rooms.index(after.room), after.position.offset
        found = (
            event
            for nth, room in enumerate(rooms[first:])
            for event in self._events[room]
            if user_id in (event.user_id, event.about) and event.position is not None
            # Behind `after` in its own room; all of them in those that follow.
            if nth or event.position.offset > seen
        )
        return tuple(islice(found, limit))

    async def traces(self, user_id: str) -> bool:
        return any(event.made_of(user_id) for row in self._events.values() for event in row)

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        held = self._users.pop(user_id, None)
        for there in self._occupants.values():
            there.pop(user_id, None)
        events = 0
        for row in self._events.values():
            for index, event in enumerate(row):
                if event.made_of(user_id):
                    row[index] = _tombstone(event)
                    events += 1
        return Erased(len(held.turns) if held else 0, events)

    async def expire(self, before: datetime, limit: int) -> Expired:
        turns = {}
        for user_id, held in self._users.items():
            old = 0
            while old < min(len(held.turns), limit) and _is_old(held.turns[old], before):
                old += 1
            if old:
                last = held.turns[old - 1]
                held.removed = turns[user_id] = last.number
                held.removed_place = last.position.offset if last.position else 0
                del held.turns[:old]
                known = held.references or {}
                held.references = {ref: n for ref, n in known.items() if n > held.removed}
        return Expired(turns, self._expire_events(before))

    def _expire_events(self, before: datetime) -> dict[str, int]:
        rooms = {}
        for room, row in self._events.items():
            for index, event in enumerate(row):
                if event.at is None or event.at >= before:
                    break
                if event.event != "erased" and event.position is not None:
                    row[index] = _tombstone(event)
                    rooms[room] = event.position.offset
        return rooms

    async def inactive(self, before: datetime, after: str, limit: int) -> tuple[str, ...]:
        users = sorted(
            user
            for user, held in self._users.items()
            if user > after and held.record.last_active < before
        )
        return tuple(users[:limit])

    async def sweep(self) -> None:
        """Nothing to do: what is not held is nowhere."""

    async def aclose(self) -> None:
        self._users.clear()
        self._events.clear()


def _tombstone(event: RoomEvent) -> RoomEvent:
    return event.buried()


def _is_old(turn: Turn, before: datetime) -> bool:
    return turn.at < before and turn.status != "received"


def _offset(turn: Turn) -> int:
    # An unfinished turn has no place yet: it sorts behind all that have one.
    return turn.position.offset if turn.position is not None else 2**63
