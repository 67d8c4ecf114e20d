"""From the model's values to the bytes of the wire, and from a body to its fields.

The only place that does either. A body is decoded loosely, to plain values:
bounds and types are the hub's to check, which screens the words first, so that
a refusal over some other field still carries help (I23).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET

from nexus_trio.errors import InvalidRequest
from nexus_trio.model.envelope import (
    NO_CRISIS,
    CrisisView,
    Erased,
    Reply,
    RoomView,
    Said,
    SessionView,
)
from nexus_trio.model.transcript import Turn
from nexus_trio.store.base import Page
from nexus_trio.web import wire

encode = msgspec.json.Encoder().encode
"""A wire value as UTF-8 JSON."""

_decode_object = msgspec.json.Decoder(dict[str, Any]).decode

_CALM = wire.CrisisObject("none", False, 0, None, [])


def decode_fields(body: bytes) -> dict[str, Any]:
    """The fields of a JSON object (RFC 8259); of a name that comes twice, the last.

    Raises `InvalidRequest` for anything else, without a word of the body.
    """
    try:
        return _decode_object(body)
    except msgspec.ValidationError:
        # The decoder is asked for any object at all, so what isn't one starts
        # otherwise, and what is one has a number that no type holds.
        if body.lstrip(b" \t\r\n").startswith(b"{"):
            raise InvalidRequest("the body holds a number that is out of range") from None
        raise InvalidRequest("the body must be a JSON object") from None
    except RecursionError:
        raise InvalidRequest("the body is nested too deep") from None
    except ValueError:
        # `from None`: the decoders' errors may quote the words.
        raise InvalidRequest("the body must be a JSON object in UTF-8") from None


def words_in(body: bytes) -> tuple[str, str | None]:
    """The message and locale of a body that was refused, as far as they can be read; else ""."""
    found = forgiven(body)
    if not isinstance(found, dict):
        return "", None
    words = [found[name] for name in ("message", "text") if isinstance(found.get(name), str)]
    locale = found.get("locale")
    return "\n".join(words), locale if isinstance(locale, str) else None


def forgiven(body: bytes) -> Any:
    """The value of JSON that was refused, as far as it can be read; else None.

    Python's decoder is the more forgiving one: it takes lone surrogates, which
    broken clients send in the midst of a message. A byte order mark is passed over.
    """
    try:
        return json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def crisis(view: CrisisView) -> wire.CrisisObject:
    """A verdict with its words."""
    if view is NO_CRISIS:
        return _CALM
    lines = [wire.ResourceObject(r.name, r.contact, r.url, r.country) for r in view.resources]
    return wire.CrisisObject(
        view.level,  # type: ignore[arg-type]  # of a closed set, which the wire's type repeats
        view.detected,
        view.turns,
        view.notice,
        lines,
    )


def reply(value: Reply) -> wire.ReplyObject:
    """The answer to a chat."""
    return wire.ReplyObject(
        value.user_id,
        value.session_id,
        value.room,
        value.turn,
        value.response,
        crisis(value.crisis),
        [wire.NoticeObject(notice.kind, notice.text) for notice in value.notices],
        value.session_messages,
        str(value.position),
        UNSET if value.command is None else value.command,  # type: ignore[arg-type]  # as above
        UNSET if value.occupants is None else list(value.occupants),
    )


def summary(view: SessionView) -> wire.SessionSummary:
    """A session in the list of all: nothing that is its user's alone (I4)."""
    return wire.SessionSummary(
        view.user_id,
        view.session_id,
        view.room,
        view.session_messages,
        _instant(view.created_at),
        _instant(view.last_active),
        view.connections,
    )


def session(view: SessionView) -> wire.SessionObject:
    """A session, for its user."""
    return wire.SessionObject(
        view.user_id,
        view.session_id,
        view.room,
        view.session_messages,
        _instant(view.created_at),
        _instant(view.last_active),
        view.connections,
        view.crisis_level,  # type: ignore[arg-type]  # a closed set, as above
    )


def history(user_id: str, page: Page) -> wire.HistoryObject:
    """A page of turns."""
    following = None if page.next is None else str(page.next)
    return wire.HistoryObject(user_id, [_turn(turn) for turn in page.turns], following)


def _turn(turn: Turn) -> wire.TurnObject:
    return wire.TurnObject(
        turn.number,
        str(turn.position),
        _instant(turn.at),
        turn.message,
        turn.response,
        turn.status,  # type: ignore[arg-type]  # a page holds ended turns alone
        crisis(turn.crisis),
    )


def erased(value: Erased) -> wire.ErasedObject:
    """What an erasure took away."""
    return wire.ErasedObject(wire.ErasedCounts(value.turns, value.events))


def room(view: RoomView) -> wire.RoomObject:
    """A look at a room."""
    return wire.RoomObject(
        view.room,
        view.title,
        view.description,
        dict(view.exits),
        str(view.position),
        list(view.occupants),
        view.persona,
    )


def said(value: Said) -> wire.SaidObject:
    """The answer to words said aloud."""
    view = value.view
    return wire.SaidObject(
        view.room,
        view.title,
        view.description,
        dict(view.exits),
        str(view.position),
        list(view.occupants),
        view.persona,
        str(value.room_position),
        crisis(value.crisis),
    )


def _instant(at: datetime) -> datetime:
    # Encoded as RFC 3339 with `Z` where the zone is UTC, and only there.
    return at if at.tzinfo is UTC else at.astimezone(UTC)
