"""Values that the contracts of stores and brokers are written in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from nexus_trio.model.envelope import NO_CRISIS, Position, RoomEvent, RoomEventKind
from nexus_trio.model.transcript import Turn
from nexus_trio.store.base import PutRoomEvent, PutSession, PutTurn, SessionRecord, Store

NOW: Final = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def session(user: str = "ada", epoch: str = "e1") -> SessionRecord:
    """A session's own row."""
    return SessionRecord(user, f"session-of-{user}", epoch, NOW, NOW)


def received(number: int = 1, message: str = "hello", ref: str | None = None) -> Turn:
    """A turn without an end."""
    return Turn(number, NOW, "Tower", message, NO_CRISIS, client_ref=ref)


def answered(number: int = 1, message: str = "hello", ref: str | None = None) -> Turn:
    """An answered turn, at the offset of its number."""
    position = Position("e1", number)
    return received(number, message, ref).ended("answer", f"reply {number}", position)


async def fill(store: Store, turns: int, user: str = "ada") -> None:
    """A session with so many answered turns."""
    await store.append([PutSession(session(user))])
    for number in range(1, turns + 1):
        await store.append([PutTurn(user, answered(number))])


async def tell(
    store: Store, kind: RoomEventKind, user: str, text: str | None = None, room: str = "Tower"
) -> Position:
    """Store an event of the room behind its last one; returns where it stands."""
    tail = await store.room_tail(room)
    position = Position(tail.epoch, tail.offset + 1)
    event = RoomEvent(room, kind, user, user.title(), text, position)
    await store.append([PutRoomEvent(event)])
    return position


# --- what was put comes back ---


async def answer(
    store: Store, about: str, *heard: str, room: str = "Tower", text: str = "hm", days: int = 0
) -> RoomEvent:
    """An answer aloud, stored so many days ago."""
    tail = await store.room_tail(room)
    event = RoomEvent(
        room,
        "said",
        "persona:Iris",
        "Iris",
        text,
        Position(tail.epoch, tail.offset + 1),
        NOW - timedelta(days=days),
        about,
        frozenset(heard),
    )
    await store.append([PutRoomEvent(event)])
    return event


async def beginning(store: Store, room: str) -> Position:
    """Before the first event of the room."""
    return Position((await store.room_tail(room)).epoch, 0)
