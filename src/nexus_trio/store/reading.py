"""What the durable store reads: each function one snapshot of one read-only connection.

Synchronous, used from a thread. What they cost does not grow with the length
of a history: keys are looked up, never scanned.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import apsw

from nexus_trio.errors import NotFound
from nexus_trio.model.envelope import Position, RoomEvent
from nexus_trio.model.transcript import Turn
from nexus_trio.store.base import Count, LoadedSession, Page, StoredSession
from nexus_trio.store.rows import (
    MADE_OF,
    NUMBER_BITS,
    OFFSET_BITS,
    bounds,
    moment,
    session_of,
    ticks,
    turn_of,
)

_SESSION = (
    "SELECT user_id, session_id, epoch, created_at, last_active, username, back, watch, seen,"
    " disclosed_at"
)
_ITS_TURNS = f"id >= sessions.id << {NUMBER_BITS} AND id < sessions.id + 1 << {NUMBER_BITS}"
# The others whose words an answer aloud was made of; no user's id has a space.
_HEARD = "(SELECT group_concat(user_id, ' ') FROM heard WHERE event = e.id)"
_TURN = "SELECT id, at, room, message, crisis, status, response, place, client_ref, notices"


def load(connection: apsw.Connection, user_id: str, window: int) -> LoadedSession | None:
    """A session and the newest of its turns; None where nothing is held."""
    row = _one(
        connection,
        f"{_SESSION}, id, removed, removed_place FROM sessions WHERE user_id = ?",
        user_id,
    )
    if row is None:
        return None
    *own, key, removed, place = row
    record = session_of(own)
    newest = connection.execute(
        f"{_TURN} FROM turns WHERE id BETWEEN ? AND ? ORDER BY id DESC LIMIT ?",
        # One more for a turn without an end, and one at least for the offset.
        (*bounds(key, NUMBER_BITS), max(window, 1) + 1),
    )
    turns = [turn_of(record.epoch, each) for each in newest]
    unfinished = turns[0] if turns and turns[0].status == "received" else None
    ended = turns[1:] if unfinished else turns
    offset = ended[0].position.offset if ended and ended[0].position else place
    number = turns[0].number if turns else removed
    shown = tuple(reversed(ended[:window]))
    return LoadedSession(record, number, offset, shown, unfinished, removed)


def history(
    connection: apsw.Connection, user_id: str, after: Position | None, limit: int
) -> Page | None:
    """A page of ended turns. Raises `NotFound` for a position of another epoch."""
    row = _one(connection, "SELECT id, epoch, removed FROM sessions WHERE user_id = ?", user_id)
    if row is None:
        return None
    first, last = bounds(row[0], NUMBER_BITS)
    epoch, removed = row[1:]
    if after is not None:
        if after.epoch != epoch:
            raise NotFound("after is a position of another epoch; read from the beginning")
        first += _ended_within(connection, first, after.offset, removed)
    found = connection.execute(
        f"{_TURN} FROM turns WHERE id > ? AND id <= ? AND place IS NOT NULL ORDER BY id LIMIT ?",
        (first, last, limit + 1),
    )
    turns = tuple(turn_of(epoch, each) for each in found)
    more = len(turns) > limit
    return Page(turns[:limit], turns[limit - 1].position if more else None)


def _ended_within(connection: apsw.Connection, base: int, offset: int, removed: int) -> int:
    """The number of the last turn at or before `offset`, of those behind `removed`.

    Offsets rise with the numbers and never more slowly, so the answer is at
    most `offset`; the search looks keys up, some twenty for a million turns.
    """
    low = removed
    newest = _one(
        connection,
        "SELECT max(id) FROM turns WHERE id BETWEEN ? AND ?",
        *bounds(base >> NUMBER_BITS, NUMBER_BITS),
    )
    high = min(offset, (newest[0] or base) - base if newest else 0)
    while low < high:
        middle = (low + high + 1) // 2
        row = _one(connection, "SELECT place FROM turns WHERE id = ?", base + middle)
        if row is not None and row[0] is not None and row[0] <= offset:
            low = middle
        else:
            high = middle - 1
    return low


def sessions(
    connection: apsw.Connection, after: str | None, limit: int
) -> tuple[StoredSession, ...]:
    """A page of all sessions by user id, each with how many of its turns are kept."""
    newest = f"(SELECT max(id) FROM turns WHERE {_ITS_TURNS}) - (sessions.id << {NUMBER_BITS})"
    found: Any = connection.execute(
        f"{_SESSION}, coalesce({newest} - removed, 0)"
        " FROM sessions WHERE user_id > ? ORDER BY user_id LIMIT ?",
        (after or "", limit),
    )
    return tuple(StoredSession(session_of(own), kept) for *own, kept in found)


def reference(
    connection: apsw.Connection, user_id: str, client_ref: str, since: datetime
) -> Turn | None:
    """The newest turn with that reference, where it was received at or after `since`."""
    row = _one(connection, "SELECT id, epoch FROM sessions WHERE user_id = ?", user_id)
    if row is None:
        return None
    found = _one(
        connection,
        f"{_TURN} FROM turns WHERE id >> 32 = ? AND client_ref = ? ORDER BY id DESC LIMIT 1",
        row[0],
        client_ref,
    )
    if found is None or found[1] < ticks(since):
        return None
    return turn_of(row[1], found)


def room_tail(connection: apsw.Connection, room: str) -> Position | None:
    """The position of the room's last event; None where its stream has not begun."""
    row = _one(connection, "SELECT id, epoch FROM rooms WHERE name = ?", room)
    return None if row is None else Position(row[1], _tail(connection, row[0]))


def _tail(connection: apsw.Connection, room: int) -> int:
    first, last = bounds(room, OFFSET_BITS)
    newest = _one(
        connection, "SELECT max(id) FROM room_events WHERE id BETWEEN ? AND ?", first, last
    )
    return newest[0] - first if newest and newest[0] is not None else 0


def room_events(
    connection: apsw.Connection, room: str, after: Position, limit: int
) -> tuple[RoomEvent, ...]:
    """Events behind `after`. Raises `NotFound` where they can't be had whole."""
    row = _one(connection, "SELECT id, epoch FROM rooms WHERE name = ?", room)
    if row is None or row[1] != after.epoch or after.offset > _tail(connection, row[0]):
        raise NotFound("the events behind this position can't be had whole")
    first, last = bounds(row[0], OFFSET_BITS)
    found: Any = connection.execute(
        f"SELECT e.id, e.event, e.user_id, e.username, e.text, e.at, e.about, {_HEARD}"
        " FROM room_events AS e WHERE e.id > ? AND e.id <= ? ORDER BY e.id LIMIT ?",
        (first + after.offset, last, limit),
    )
    return tuple(
        RoomEvent(
            room,
            event,
            user,
            name,
            text,
            Position(after.epoch, key - first),
            _moment(at),
            about,
            _users(heard),
        )
        for key, event, user, name, text, at, about, heard in found
    )


def occupants(connection: apsw.Connection, room: str) -> dict[str, str | None]:
    """Who has joined the room and not left, with their names."""
    found: Any = connection.execute(
        "SELECT o.user_id, o.username FROM occupants AS o JOIN rooms AS r ON r.id = o.room"
        " WHERE r.name = ? ORDER BY o.user_id",
        (room,),
    )
    return dict(found)


def inactive(
    connection: apsw.Connection, before: datetime, after: str, limit: int
) -> tuple[str, ...]:
    """Users last active before that moment, by id, behind `after`."""
    found: Any = connection.execute(
        "SELECT user_id FROM sessions WHERE user_id > ? AND last_active < ?"
        " ORDER BY user_id LIMIT ?",
        (after, ticks(before), limit),
    )
    return tuple(user for (user,) in found)


def ledger(connection: apsw.Connection, since: date, until: date) -> tuple[Count, ...]:
    """The crisis ledger of these days, both included."""
    found: Any = connection.execute(
        "SELECT day, level, action, count, jurisdiction, lexicon FROM crisis_ledger"
        " WHERE day BETWEEN ? AND ? ORDER BY day, level, action, jurisdiction, lexicon",
        (since.isoformat(), until.isoformat()),
    )
    return tuple(Count(date.fromisoformat(day), *rest) for day, *rest in found)


def rooms_of(connection: apsw.Connection, user_id: str) -> dict[str, str | None]:
    """The rooms that the user has joined and not left."""
    found: Any = connection.execute(
        "SELECT r.name, o.username FROM occupants AS o JOIN rooms AS r ON r.id = o.room"
        " WHERE o.user_id = ? ORDER BY r.id",
        (user_id,),
    )
    return dict(found)


def events_of(
    connection: apsw.Connection, user_id: str, after: RoomEvent | None, limit: int
) -> tuple[RoomEvent, ...]:
    """A page of the user's events and the answers to it: by the rooms' order, then by position."""
    behind = 0
    if after is not None and after.position is not None:
        room = _one(connection, "SELECT id FROM rooms WHERE name = ?", after.room)
        behind = bounds(room[0], OFFSET_BITS)[0] + after.position.offset
    found: Any = connection.execute(
        "SELECT e.id, r.name, r.epoch, e.event, e.user_id, e.username, e.text, e.at, e.about,"
        f" {_HEARD} FROM room_events AS e JOIN rooms AS r ON r.id = e.id >> {OFFSET_BITS}"
        " WHERE (e.user_id = ?1 OR e.about = ?1) AND e.id > ?2 ORDER BY e.id LIMIT ?3",
        (user_id, behind, limit),
    )
    offset = (1 << OFFSET_BITS) - 1
    return tuple(
        RoomEvent(
            room,
            event,
            who,
            name,
            text,
            Position(epoch, key & offset),
            _moment(at),
            about,
            _users(heard),
        )
        for key, room, epoch, event, who, name, text, at, about, heard in found
    )


def traces(connection: apsw.Connection, user_id: str) -> bool:
    """Whether any room event is the user's, or made of the user's words."""
    return _one(connection, f"{MADE_OF} LIMIT 1", user_id) is not None


def _users(joined: str | None) -> frozenset[str]:
    return frozenset(joined.split()) if joined else frozenset()


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)


def _one(connection: apsw.Connection, query: str, *values: str | int) -> Any:
    """The first row, or None."""
    return connection.execute(query, values).fetchone()
