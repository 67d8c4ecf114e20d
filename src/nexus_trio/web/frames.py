"""The frames of the WebSocket and of the event streams, each once: they are decoded, encoded
and documented from here.

A frame is one JSON object with `type`. Fields that are not named are ignored.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from nexus_trio.web import wire

SUBPROTOCOL = "nexus.v1"

Ref = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="Your own mark for this frame; not one that is still pending.",
        examples=["m1"],
    ),
]
TurnNumber = Annotated[int, Meta(ge=1)]


# --- what clients send ---


class Hello(Struct, tag_field="type", tag="hello"):
    """The first frame, within 5 seconds: who this is, and where it was before.

    `after` and `room_after` are the last positions that were seen, of the
    session and of the room: what was missed since then comes after `welcome`.
    """

    user_id: wire.UserId | None = None
    token: str | None = None
    after: wire.PositionText | None = None
    room_after: wire.PositionText | None = None
    room: wire.RoomName | None = None
    username: wire.Username | None = None
    locale: wire.Locale | None = None


class Message(Struct, tag_field="type", tag="message"):
    """A turn, or a command of the room."""

    ref: Ref
    message: Annotated[str, Meta(description="As in POST /bridge/chat.")]
    client_ref: str | None = None


class Go(Struct, tag_field="type", tag="go"):
    """Go to a room. Answered by `occupants`."""

    ref: Ref
    room: str


class Look(Struct, tag_field="type", tag="look"):
    """Look at the room. Answered by `occupants`."""

    ref: Ref


class Say(Struct, tag_field="type", tag="say"):
    """Say something aloud where you are. Answered by `done` with the place of the words."""

    ref: Ref
    text: str


class Stop(Struct, tag_field="type", tag="stop"):
    """End the turn whose `ref` is `target`. Answered by `done`; the turn ends with `error`."""

    ref: Ref
    target: Ref


class Ack(Struct, tag_field="type", tag="ack"):
    """The user has seen everything up to `position`: crisis notices do not come again."""

    ref: Ref
    position: wire.PositionText


class Ping(Struct, tag_field="type", tag="ping"):
    """Answered by `pong`."""

    ref: Ref


ClientFrame = Hello | Message | Go | Look | Say | Stop | Ack | Ping


# --- what the server sends ---


class Welcome(Struct, tag_field="type", tag="welcome"):
    """The answer to `hello`. What follows are the events behind these two positions.

    `recovered` is false where what was asked for can't be had whole: read the history.
    """

    session_id: str
    room: str | None
    position: wire.PositionText
    room_position: wire.PositionText | None
    recovered: bool


class Delta(Struct, tag_field="type", tag="delta"):
    """A piece of a reply, provisional until `reply`. `seq` counts from 0 without a gap.

    `ref` is null where another connection asked; then the first frame of the
    turn carries the user's `message`. The same holds for `reply` and `error`.
    """

    ref: str | None
    seq: wire.Count
    text: str
    turn: TurnNumber
    message: str | UnsetType = UNSET


class Reply(wire.ReplyObject, tag_field="type", tag="reply", kw_only=True):
    """The reply object, exactly one for a turn; or one `error`."""

    ref: str | None
    message: str | UnsetType = UNSET


class Room(Struct, tag_field="type", tag="room"):
    """Something that happened in the room. `erased` stands where an event was, without words."""

    room: str
    position: wire.PositionText
    event: Literal["joined", "left", "said", "erased"]
    user_id: str | None
    username: str | None
    text: str | UnsetType = UNSET


class Occupants(wire.RoomObject, tag_field="type", tag="occupants", kw_only=True):
    """The room object, for `look` and `go`."""

    ref: str


class Done(Struct, tag_field="type", tag="done"):
    """The answer to `say` (the position of the words, and what was found in them), `ack`, `stop`.

    For `ack` and `stop`, `position` is the latest of the session.
    """

    ref: str
    position: wire.PositionText
    crisis: wire.CrisisObject | UnsetType = UNSET


class Notice(Struct, tag_field="type", tag="notice"):
    """Words that must be shown. A crisis notice comes again until it is acknowledged."""

    kind: Literal["crisis", "disclosure"]
    text: str
    resources: list[wire.ResourceObject]
    position: wire.PositionText


class Error(Struct, tag_field="type", tag="error"):
    """A frame was refused, or a turn ended without a reply; codes as in HTTP.

    `turn` and `position` are there where a turn of it is stored.
    """

    ref: str | None
    code: str
    detail: str
    retry: bool
    partial: str | UnsetType = UNSET
    crisis: wire.CrisisObject | UnsetType = UNSET
    turn: TurnNumber | UnsetType = UNSET
    position: wire.PositionText | UnsetType = UNSET
    message: str | UnsetType = UNSET


class Pong(Struct, tag_field="type", tag="pong"):
    """The answer to `ping`."""

    ref: str


class Bye(Struct, tag_field="type", tag="bye"):
    """The last frame before the close. `reconnect`: whether to come back, from the last position.

    The connection then closes with the same code.
    """

    code: int
    detail: str
    reconnect: bool


ServerFrame = Welcome | Delta | Reply | Room | Occupants | Done | Notice | Error | Pong | Bye

CLOSE_CODES: dict[int, tuple[str, bool]] = {
    1011: ("something broke in the server; its log says where", True),
    1012: ("the server or the session restarts; connect again", True),
    4400: ("the frame can't be read; see the protocol", False),
    4401: ("not authenticated: give a user_id, tokens are not known here", False),
    4408: ("no hello came in time; connect again and send it first", True),
    4409: ("too many connections of this user: the oldest one goes", False),
    4410: ("the session was erased", False),
    4429: ("too slow: the queue was full; resume from the last position", True),
}
"""Why the server closes, and whether to come back. 1009 is a frame above 64 KiB: no `bye` then."""
