"""Frames of the wire, as they came, to values. A field that is wrong is the server's breach."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from nexus_trio.client.errors import BridgeError
from nexus_trio.client.events import Notice
from nexus_trio.client.pages import HistoryPage, PastTurn, RoomCount
from nexus_trio.errors import InvalidRequest
from nexus_trio.model.envelope import (
    NO_CRISIS,
    CrisisView,
    Position,
    Reply,
    Resource,
    RoomEvent,
    RoomView,
)
from nexus_trio.model.envelope import Notice as ReplyNotice

P = ParamSpec("P")
T = TypeVar("T")


class Breach(Exception):
    """What came is not `nexus.v1`; the message says what, without its words."""


def _checked(read: Callable[P, T]) -> Callable[P, T]:
    """One border for all that can be wrong in what came."""

    @wraps(read)
    def reads(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except (KeyError, TypeError, ValueError, AttributeError, InvalidRequest):
            # `from None`: these errors may quote words.
            raise Breach(f"The server sent a {read.__name__} that can't be read.") from None

    return reads


def _text(found: Any) -> str:
    if not isinstance(found, str):
        raise TypeError
    return found


def _maybe(found: Any) -> str | None:
    return None if found is None else _text(found)


def _number(found: Any) -> int:
    if not isinstance(found, int) or isinstance(found, bool) or found < 0:
        raise TypeError
    return found


def _flag(found: Any) -> bool:
    if not isinstance(found, bool):
        raise TypeError
    return found


def _list(found: Any) -> list[Any]:
    if not isinstance(found, list):
        raise TypeError
    return found


def _place(found: Any) -> Position:
    return Position.parse(_text(found))


def maybe_place(found: Any) -> Position | None:
    """A position, or None."""
    return None if found is None else _place(found)


@_checked
def frame(text: str) -> dict[str, Any]:
    """One JSON object with a `type`."""
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError from None
    _text(found["type"])
    _maybe(found.get("ref"))
    return dict(found)


@_checked
def welcome(found: dict[str, Any]) -> tuple[str, str | None, Position, Position | None, bool]:
    """Session, room, both positions, and whether all was recovered."""
    return (
        _text(found["session_id"]),
        _maybe(found["room"]),
        _place(found["position"]),
        maybe_place(found["room_position"]),
        _flag(found["recovered"]),
    )


@_checked
def delta(found: dict[str, Any]) -> tuple[int, int, str, str | None]:
    """Turn, `seq`, text, and the user's message where another connection asked."""
    return (
        _number(found["turn"]),
        _number(found["seq"]),
        _text(found["text"]),
        _maybe(found.get("message")),
    )


@_checked
def bye(found: dict[str, Any]) -> tuple[int, str, bool]:
    """Code, detail, and whether to come back."""
    return _number(found["code"]), _text(found["detail"]), _flag(found["reconnect"])


@_checked
def crisis(found: dict[str, Any]) -> CrisisView:
    """A verdict with its words."""
    view = CrisisView(
        _text(found["level"]),
        _flag(found["detected"]),
        _number(found["turns"]),
        _maybe(found["notice"]),
        _resources(found["resources"]),
    )
    return NO_CRISIS if view == NO_CRISIS else view


def _resources(found: Any) -> tuple[Resource, ...]:
    return tuple(
        Resource(_text(r["name"]), _text(r["contact"]), _text(r["url"]), _text(r["country"]))
        for r in _list(found)
    )


@_checked
def notice(found: dict[str, Any]) -> Notice:
    """Words that must be shown."""
    return Notice(
        _text(found["kind"]),
        _text(found["text"]),
        _resources(found["resources"]),
        _place(found["position"]),
    )


@_checked
def reply(found: dict[str, Any]) -> Reply:
    """The reply object."""
    occupants = found.get("occupants")
    return Reply(
        user_id=_text(found["user_id"]),
        session_id=_text(found["session_id"]),
        room=_maybe(found["room"]),
        turn=_number(found["turn"]),
        response=_text(found["response"]),
        crisis=crisis(found["crisis"]),
        session_messages=_number(found["session_messages"]),
        position=_place(found["position"]),
        notices=tuple(
            ReplyNotice(_text(n["kind"]), _text(n["text"])) for n in _list(found["notices"])
        ),
        command=_maybe(found.get("command")),
        occupants=None if occupants is None else tuple(map(_text, _list(occupants))),
    )


@_checked
def error(found: dict[str, Any]) -> BridgeError:
    """A refusal, or a turn that ended without a reply; over HTTP the problem document."""
    view, turn = found.get("crisis"), found.get("turn")
    return BridgeError(
        _text(found["code"]),
        _text(found["detail"]),
        retry=_flag(found["retry"]),
        crisis=None if view is None else crisis(view),
        partial=_maybe(found.get("partial")),
        turn=None if turn is None else _number(turn),
        position=maybe_place(found.get("position")),
    )


@_checked
def room_event(found: dict[str, Any]) -> RoomEvent:
    """An event of a room."""
    kind = _text(found["event"])
    if kind not in ("joined", "left", "said", "erased"):
        raise ValueError
    return RoomEvent(
        _text(found["room"]),
        kind,  # type: ignore[arg-type]  # of the closed set above
        _maybe(found["user_id"]),
        _maybe(found["username"]),
        _maybe(found.get("text")),
        _place(found["position"]),
    )


@_checked
def room_view(found: dict[str, Any]) -> RoomView:
    """The room object."""
    return RoomView(
        _text(found["room"]),
        _text(found["title"]),
        _text(found["description"]),
        {_text(way): _text(target) for way, target in found["exits"].items()},
        _place(found["position"]),
        tuple(map(_text, _list(found["occupants"]))),
        _text(found.get("persona", "")),
    )


@_checked
def place(found: dict[str, Any]) -> Position:
    """The position of a `done`."""
    return _place(found["position"])


@_checked
def history(found: dict[str, Any]) -> HistoryPage:
    """A page of turns."""
    turns = tuple(
        PastTurn(
            _number(t["turn"]),
            _place(t["position"]),
            datetime.fromisoformat(_text(t["at"])),
            _text(t["message"]),
            _maybe(t["response"]),
            "answered" if t["status"] == "answered" else "aborted",
            crisis(t["crisis"]),
        )
        for t in _list(found["turns"])
    )
    return HistoryPage(turns, maybe_place(found["next"]))


@_checked
def rooms(found: dict[str, Any]) -> tuple[RoomCount, ...]:
    """The list of rooms."""
    return tuple(
        RoomCount(_text(r["room"]), _text(r["title"]), _number(r["occupants"]))
        for r in _list(found["rooms"])
    )
