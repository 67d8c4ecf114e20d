"""Values to rows and back: what one append writes, inside a transaction of its caller.

Synchronous, on one connection, used from a thread. `ValueError` is a write
that can't be: its caller broke the order of a stream.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import apsw

from nexus_trio.model.envelope import (
    NO_CRISIS,
    CrisisView,
    Erased,
    Notice,
    Position,
    Resource,
    RoomEvent,
)
from nexus_trio.model.transcript import Turn
from nexus_trio.store.base import (
    Count,
    Expired,
    PutRoomEvent,
    PutSession,
    PutTurn,
    SessionRecord,
    WatchState,
    Write,
)

NUMBER_BITS = 32
OFFSET_BITS = 40

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)

_PUT_SESSION = """
INSERT INTO sessions
    (user_id, session_id, epoch, created_at, last_active, username, back, watch, seen, disclosed_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (user_id) DO UPDATE SET
    session_id = excluded.session_id, epoch = excluded.epoch, created_at = excluded.created_at,
    last_active = excluded.last_active, username = excluded.username, back = excluded.back,
    watch = excluded.watch, seen = excluded.seen, disclosed_at = excluded.disclosed_at
"""

# A turn is new, right behind the one before it, or the end of a received one (I8, I9).
_PUT_TURN = f"""
INSERT INTO turns (id, at, room, message, crisis, status, response, place, client_ref, notices)
SELECT s.id << {NUMBER_BITS} | ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10
FROM sessions AS s WHERE s.user_id = ?11
AND (?1 = s.removed + 1 OR EXISTS (SELECT 1 FROM turns WHERE id = (s.id << {NUMBER_BITS} | ?1) - 1))
ON CONFLICT (id) DO UPDATE SET
    status = excluded.status, response = excluded.response, place = excluded.place,
    notices = excluded.notices, crisis = excluded.crisis
WHERE status = 'received'
"""

_PUT_EVENT = f"""
INSERT INTO room_events (id, event, user_id, username, text, at, about)
SELECT r.id << {OFFSET_BITS} | ?1, ?2, ?3, ?4, ?5, ?8, ?9
FROM rooms AS r WHERE r.name = ?6 AND r.epoch = ?7
AND (?1 = 1 OR EXISTS (SELECT 1 FROM room_events WHERE id = (r.id << {OFFSET_BITS} | ?1) - 1))
"""


_TOMBSTONE = """
UPDATE room_events
SET event = 'erased', user_id = NULL, username = NULL, text = NULL, about = NULL
"""
_UNHEARD = "DELETE FROM heard WHERE"
# A user's events, the answers that it was given aloud, and the others made of its words: no
# event is both of the first kinds and of the last.
MADE_OF = """
SELECT id FROM room_events WHERE user_id = ?1 OR about = ?1
UNION ALL SELECT event FROM heard WHERE user_id = ?1
"""

_COUNT = """
INSERT INTO crisis_ledger (day, level, action, jurisdiction, lexicon, count)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (day, level, action, jurisdiction, lexicon)
DO UPDATE SET count = count + excluded.count
"""


def write(connection: apsw.Connection, writes: Sequence[Write]) -> None:
    """Do one append. Raises `ValueError` where a write doesn't follow what is stored."""
    for each in writes:
        match each:
            case PutSession(record):
                connection.execute(_PUT_SESSION, _session_row(record))
            case PutTurn(user_id, turn):
                connection.execute(_PUT_TURN, _turn_row(user_id, turn))
                if connection.changes() != 1:
                    raise ValueError(f"turn {turn.number} has no session, no predecessor or an end")
            case PutRoomEvent(event):
                _write_event(connection, event)
            case Count():
                connection.execute(_COUNT, _count_row(each))


def _count_row(count: Count) -> tuple[str | int, ...]:
    day = count.day.isoformat()
    return day, count.level, count.action, count.jurisdiction, count.lexicon, count.number


def _write_event(connection: apsw.Connection, event: RoomEvent) -> None:
    position = event.position
    if position is None:
        raise ValueError("a room event is stored with its position")
    open_room(connection, event.room, position.epoch)
    connection.execute(
        _PUT_EVENT,
        (
            position.offset,
            event.event,
            event.user_id,
            event.username,
            event.text,
            event.room,
            position.epoch,
            None if event.at is None else ticks(event.at),
            event.about,
        ),
    )
    if connection.changes() != 1:
        raise ValueError(f"event {position.offset} does not follow the room's stream")
    if event.heard:
        _write_heard(connection, event, position.offset)
    if event.event == "joined":
        connection.execute(
            "INSERT OR REPLACE INTO occupants SELECT id, ?, ? FROM rooms WHERE name = ?",
            (event.user_id, event.username, event.room),
        )
    elif event.event == "left":
        connection.execute(
            "DELETE FROM occupants WHERE user_id = ?"
            " AND room = (SELECT id FROM rooms WHERE name = ?)",
            (event.user_id, event.room),
        )


def _write_heard(connection: apsw.Connection, event: RoomEvent, offset: int) -> None:
    others = sorted(event.heard - {event.user_id, event.about})
    connection.executemany(
        f"INSERT INTO heard SELECT id << {OFFSET_BITS} | ?, ? FROM rooms WHERE name = ?",
        ((offset, user, event.room) for user in others),
    )


def open_room(connection: apsw.Connection, room: str, epoch: str) -> None:
    """Begin the room's stream with `epoch`, unless it has begun."""
    connection.execute("INSERT OR IGNORE INTO rooms (name, epoch) VALUES (?, ?)", (room, epoch))


def erase(connection: apsw.Connection, user_id: str) -> Erased:
    """Delete all that is held of the user; its room events become tombstones.

    Marks the database to be swept.
    """
    turns = 0
    for (session,) in connection.execute("SELECT id FROM sessions WHERE user_id = ?", (user_id,)):
        first, last = bounds(int(str(session)), NUMBER_BITS)
        connection.execute("DELETE FROM turns WHERE id BETWEEN ? AND ?", (first, last))
        turns = connection.changes()
    connection.execute("DELETE FROM sessions WHERE user_id = ?", (user_id,))
    connection.execute("DELETE FROM occupants WHERE user_id = ?", (user_id,))
    events = _bury_made_of(connection, user_id, -1)
    _sweep_later(connection)
    return Erased(turns, events)


def _bury_made_of(connection: apsw.Connection, user_id: str, limit: int) -> int:
    """Make tombstones of events that go with the user: about `limit` rows, all where below 0.

    Returns how many events. One that many were heard for is many rows.
    """
    found: Any = connection.execute(f"{MADE_OF} LIMIT ?2", (user_id, limit))
    events = rows = 0
    for event in found.fetchall():
        connection.execute(f"{_UNHEARD} event = ?", event)
        events, rows = events + 1, rows + 1 + connection.changes()
        connection.execute(f"{_TOMBSTONE} WHERE id = ?", event)
        if 0 <= limit <= rows:
            break
    return events


def erase_some(connection: apsw.Connection, user_id: str, limit: int) -> Erased:
    """The beginning of a large erasure: the user's oldest turns, and some of its events.

    As if by retention, so that what is left is a whole session.
    """
    row: Any = connection.execute("SELECT id, removed FROM sessions WHERE user_id = ?", (user_id,))
    turns = 0
    for session, removed in row.fetchall():
        first, _ = bounds(session, NUMBER_BITS)
        last = first + removed + limit
        place: Any = connection.execute(
            "SELECT place FROM turns WHERE id = ? AND place IS NOT NULL", (last,)
        ).fetchone()
        if place is not None:
            connection.execute("DELETE FROM turns WHERE id > ? AND id <= ?", (first, last))
            turns = connection.changes()
            connection.execute(
                "UPDATE sessions SET removed = ?, removed_place = ? WHERE id = ?",
                (removed + limit, place[0], session),
            )
    events = _bury_made_of(connection, user_id, limit)
    _sweep_later(connection)
    return Erased(turns, events)


def _sweep_later(connection: apsw.Connection) -> None:
    """What was deleted may still lie in bytes that no row uses."""
    connection.execute("UPDATE run SET scrub = 1")


def expire(connection: apsw.Connection, before: datetime, limit: int) -> Expired:
    """Delete the oldest turns, and make tombstones of the oldest room events."""
    expired = Expired(
        _expire_turns(connection, ticks(before), limit),
        _expire_events(connection, ticks(before), limit),
    )
    if expired:
        _sweep_later(connection)
    return expired


def _expire_turns(connection: apsw.Connection, before: int, limit: int) -> dict[str, int]:
    """By user, the number of the last turn that went.

    Turns stand in the order of their arrival: the oldest are the first ones, and
    of each session those that go stand before those that stay.
    """
    found: Any = connection.execute(
        "SELECT t.seq, t.id, t.place, t.at, s.user_id FROM turns AS t"
        f" JOIN sessions AS s ON s.id = t.id >> {NUMBER_BITS}"
        " WHERE t.status != 'received' ORDER BY t.seq LIMIT ?",
        (limit,),
    )
    gone: dict[str, tuple[int, int]] = {}
    for seq, key, place, at, user_id in found.fetchall():
        if at >= before:
            break
        connection.execute("DELETE FROM turns WHERE seq = ?", (seq,))
        gone[user_id] = (key & (1 << NUMBER_BITS) - 1, place)
    for user_id, last in gone.items():
        connection.execute(
            "UPDATE sessions SET removed = ?, removed_place = ? WHERE user_id = ?",
            (*last, user_id),
        )
    return {user_id: number for user_id, (number, _) in gone.items()}


def _expire_events(connection: apsw.Connection, before: int, limit: int) -> dict[str, int]:
    """By room, the offset up to which all are tombstones now."""
    rooms: dict[str, int] = {}
    known: Any = connection.execute("SELECT id, name, expired FROM rooms")
    for room, name, expired in known.fetchall():
        first, last = bounds(room, OFFSET_BITS)
        found: Any = connection.execute(
            "SELECT id, at FROM room_events WHERE id > ? AND id <= ? ORDER BY id LIMIT ?",
            (first + expired, last, limit),
        )
        until = first + expired
        for key, at in found.fetchall():
            if at is None or at >= before:
                break
            until = key
        if until > first + expired:
            some = (first + expired, until)
            connection.execute(f"{_UNHEARD} event > ? AND event <= ?", some)
            connection.execute(f"{_TOMBSTONE} WHERE id > ? AND id <= ?", some)
            connection.execute("UPDATE rooms SET expired = ? WHERE id = ?", (until - first, room))
            rooms[name] = until - first
    return rooms


def bounds(owner: int, bits: int) -> tuple[int, int]:
    """The smallest and the largest key that `owner` can have."""
    return owner << bits, (owner + 1 << bits) - 1


def _session_row(record: SessionRecord) -> tuple[str | int | None, ...]:
    return (
        record.user_id,
        record.session_id,
        record.epoch,
        ticks(record.created_at),
        ticks(record.last_active),
        record.username,
        record.back,
        None if record.watch is None else _watch_text(record.watch),
        record.seen,
        None if record.disclosed_at is None else ticks(record.disclosed_at),
    )


@lru_cache(maxsize=1024)
def _watch_text(watch: WatchState) -> str:
    # Nearly every turn writes the same calm one.
    return json.dumps(watch)


def session_of(row: Sequence[Any]) -> SessionRecord:
    """The session of a row `user_id, session_id, … , disclosed_at`."""
    user_id, session_id, epoch, created, active, username, back, watch, seen, disclosed = row
    kept: WatchState | None = None
    if watch is not None:
        score, streak, level, calm, notices = json.loads(watch)
        kept = (score, streak, level, calm, notices)
    return SessionRecord(
        user_id,
        session_id,
        epoch,
        moment(created),
        moment(active),
        username,
        back,
        kept,
        seen,
        None if disclosed is None else moment(disclosed),
    )


def _turn_row(user_id: str, turn: Turn) -> tuple[str | int | None, ...]:
    return (
        turn.number,
        ticks(turn.at),
        turn.room,
        turn.message,
        None if turn.crisis == NO_CRISIS else _crisis_text(turn.crisis),
        turn.status,
        turn.response,
        None if turn.position is None else turn.position.offset,
        turn.client_ref,
        json.dumps([[n.kind, n.text] for n in turn.notices]) if turn.notices else None,
        user_id,
    )


def turn_of(epoch: str, row: Sequence[Any]) -> Turn:
    """The turn of a row `id, at, room, … , notices` in a stream with `epoch`."""
    key, at, room, message, crisis, status, response, place, client_ref, notices = row
    return Turn(
        key & (1 << NUMBER_BITS) - 1,
        moment(at),
        room,
        message,
        NO_CRISIS if crisis is None else _crisis_of(crisis),
        status,
        response,
        None if place is None else Position(epoch, place),
        client_ref,
        () if notices is None else tuple(Notice(kind, text) for kind, text in json.loads(notices)),
    )


def _crisis_text(view: CrisisView) -> str:
    lines = [[r.name, r.contact, r.url, r.country] for r in view.resources]
    return json.dumps([view.level, view.detected, view.turns, view.notice, lines, view.country])


def _crisis_of(text: str) -> CrisisView:
    # Before there was a ledger by country, none was kept.
    level, detected, turns, notice, lines, *country = json.loads(text)
    rows = tuple(Resource(*line) for line in lines)
    return CrisisView(level, detected, turns, notice, rows, *country)


def ticks(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - _EPOCH) // _TICK


def moment(at: int) -> datetime:
    """The time that `ticks` gave, in UTC."""
    return _EPOCH + at * _TICK
