"""From the model's values to the JSON of commands and exports.

What the HTTP calls show too has the same names here; an export has all the rest
as well.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from nexus_trio.model.envelope import CrisisView, Erased, Position, RoomEvent, SessionView
from nexus_trio.model.transcript import Turn
from nexus_trio.runtime.records import Held, Listed
from nexus_trio.store.base import Count, LoadedSession, SessionRecord

EXPORT: Final = 1
"""The version of the exported document."""


def listed(value: Listed) -> dict[str, Any]:
    """A session in the list of all: nothing that is its user's alone (I4)."""
    return _session(value.view) | {"live": value.live}


def shown(view: SessionView, held: Held) -> dict[str, Any]:
    """One session without its words."""
    loaded = held.loaded
    more: dict[str, Any] = {"crisis_level": view.crisis_level, "live": held.live is not None}
    if loaded is not None:
        record = loaded.record
        more |= {
            "username": record.username,
            "position": str(Position(record.epoch, loaded.offset)),
            "unfinished": loaded.unfinished is not None,
        }
    return _session(view) | more


def count(value: Count) -> dict[str, Any]:
    """A count of the crisis ledger."""
    return {
        "day": value.day.isoformat(),
        "level": value.level,
        "action": value.action,
        "number": value.number,
        "jurisdiction": value.jurisdiction,
        "lexicon": value.lexicon,
    }


def head(held: Held, at: datetime) -> dict[str, Any]:
    """What an export begins with: all that is held, but for turns and events."""
    live = held.live
    return {
        "export": EXPORT,
        "user_id": held.user_id,
        "exported_at": instant(at),
        "session": None if held.loaded is None else _stored(held.loaded),
        "live": None if live is None else {"room": live.room, "connections": live.connections},
        "rooms": [{"room": room, "username": name} for room, name in held.rooms.items()],
    }


def turn(value: Turn) -> dict[str, Any]:
    """A turn with its words. One without an end has the status `received` and no position."""
    return {
        "turn": value.number,
        "position": None if value.position is None else str(value.position),
        "at": instant(value.at),
        "room": value.room,
        "message": value.message,
        "response": value.response,
        "status": value.status,
        "crisis": _crisis(value.crisis),
        "notices": [{"kind": notice.kind, "text": notice.text} for notice in value.notices],
        "client_ref": value.client_ref,
    }


def event(value: RoomEvent) -> dict[str, Any]:
    """What the user did in a room, or was answered there; then `about` is the user."""
    return {
        "room": value.room,
        "position": str(value.position),
        "at": None if value.at is None else instant(value.at),
        "event": value.event,
        "user_id": value.user_id,
        "username": value.username,
        "text": value.text,
        "about": value.about,
    }


def erased(value: Erased) -> dict[str, Any]:
    """What an erasure took away."""
    return {"turns": value.turns, "events": value.events}


def instant(at: datetime) -> str:
    """A time as RFC 3339, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _session(view: SessionView) -> dict[str, Any]:
    return {
        "user_id": view.user_id,
        "session_id": view.session_id,
        "room": view.room,
        "session_messages": view.session_messages,
        "created_at": instant(view.created_at),
        "last_active": instant(view.last_active),
        "connections": view.connections,
    }


def _stored(loaded: LoadedSession) -> dict[str, Any]:
    record = loaded.record
    return {
        "session_id": record.session_id,
        "username": record.username,
        "created_at": instant(record.created_at),
        "last_active": instant(record.last_active),
        "session_messages": loaded.messages,
        "removed": loaded.removed,
        "position": str(Position(record.epoch, loaded.offset)),
        "seen": str(Position(record.epoch, record.seen)),
        "disclosed_at": None if record.disclosed_at is None else instant(record.disclosed_at),
        "back": record.back,
        "watch": _watch(record),
    }


def _watch(record: SessionRecord) -> dict[str, Any] | None:
    names = ("score", "streak", "level", "calm", "notices")
    return None if record.watch is None else dict(zip(names, record.watch, strict=True))


def _crisis(view: CrisisView) -> dict[str, Any]:
    return {
        "level": view.level,
        "detected": view.detected,
        "turns": view.turns,
        "notice": view.notice,
        "resources": [
            {"name": r.name, "contact": r.contact, "url": r.url, "country": r.country}
            for r in view.resources
        ],
    }
