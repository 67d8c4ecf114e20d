"""The shapes of the wire, once: they are encoded from, and the API description is made of them.

Bounds that a caller must keep are checked by `model.fields`; here they are
stated for readers and client generators, from the same patterns.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from nexus_trio.model import fields

LevelName = Literal["none", "concern", "crisis", "imminent"]
CommandName = Literal["look", "who", "help", "go", "say"]

POSITION_PATTERN = "^[A-Za-z0-9]{1,64}:[0-9]{1,19}$"

UserId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=f"^{fields.USER_ID.pattern}$",
        description="Who speaks: ASCII letters, digits, '.', '_', '-'; case-sensitive.",
        examples=["ada"],
    ),
]
Username = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        description="A name to be shown: no control characters, not a persona's name.",
        examples=["Ada"],
    ),
]
RoomName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=32,
        description="A room of this server, in any case. GET /bridge/rooms lists them.",
        examples=["Tower"],
    ),
]
Message = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=fields.MAX_MESSAGE_BYTES,
        description="The words: at most 16 KiB as UTF-8, without lone surrogates.",
        examples=["Good evening. Who lives here?"],
    ),
]
ClientRef = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=f"^{fields.CLIENT_REF.pattern}$",
        description=(
            "Your own mark for this message: sending it again with the same mark within 24 hours"
            " gives the same reply, and never a second turn."
        ),
        examples=["0f8b6d1e"],
    ),
]
Locale = Annotated[
    str,
    Meta(
        max_length=44,
        pattern=f"^{fields.LOCALE.pattern}$",
        description="Language and country of notices (BCP 47); else the server's own.",
        examples=["en-US"],
    ),
]
PositionText = Annotated[
    str,
    Meta(
        pattern=POSITION_PATTERN,
        description="A place in a stream, EPOCH:OFFSET. Give it back as you got it.",
        examples=["6fb1f0c2a9d34e57:12"],
    ),
]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339, UTC.")]
Count = Annotated[int, Meta(ge=0)]


# --- what callers send ---


class ChatRequest(Struct):
    """One message of a user. Fields that are not named here are ignored."""

    user_id: UserId
    message: Message
    username: Username | None = None
    room: RoomName | None = None
    client_ref: ClientRef | None = None
    locale: Locale | None = None


class PresenceRequest(Struct):
    """Who comes or goes. Fields that are not named here are ignored."""

    user_id: UserId
    username: Username | None = None


class SayRequest(Struct):
    """Words to all in the room. Fields that are not named here are ignored."""

    user_id: UserId
    text: Message
    username: Username | None = None
    locale: Locale | None = None


class HistoryQuery(Struct):
    """Which page of a history."""

    after: (
        Annotated[
            str,
            Meta(
                pattern=POSITION_PATTERN,
                description=(
                    "A position as the server gave it: turns behind it (exclusive);"
                    " else from the beginning."
                ),
            ),
        ]
        | UnsetType
    ) = UNSET
    limit: Annotated[int, Meta(ge=1, le=1000, description="Turns of one page.")] = 50


_BehindPosition = Annotated[
    str,
    Meta(
        pattern=POSITION_PATTERN,
        description="The last position that was seen: what was missed since then comes first.",
    ),
]


class EventsQuery(Struct):
    """Whom to follow, and from where; without a position, from now on."""

    user_id: UserId
    after: _BehindPosition | UnsetType = UNSET
    room_after: _BehindPosition | UnsetType = UNSET


# --- what callers get ---


class ResourceObject(Struct):
    """A line to call or a page to open; `country` is ISO 3166, empty for anywhere."""

    name: str
    contact: str
    url: str
    country: str


class CrisisObject(Struct):
    """What was found in the message that is answered, and the help that goes with it.

    `turns`: how many turns in a row, this one included, were at `concern` or
    above. `detected` is true from `crisis` on; then `notice` must be shown.
    """

    level: LevelName
    detected: bool
    turns: Count
    notice: str | None
    resources: list[ResourceObject]


class NoticeObject(Struct):
    """Words that must be shown, other than the crisis notice."""

    kind: str
    text: str


class ReplyObject(Struct):
    """The one answer to a message.

    `turn` counts the session's turns from 1, `session_messages` the messages
    stored in it. A room command's reply has `command` (and `occupants` for
    look, who and go) and leaves both counts alone.
    """

    user_id: str
    session_id: str
    room: str | None
    turn: Count
    response: str
    crisis: CrisisObject
    notices: list[NoticeObject]
    session_messages: Count
    position: PositionText
    command: CommandName | UnsetType = UNSET
    occupants: list[str] | UnsetType = UNSET


class SessionSummary(Struct):
    """A live session, as anybody may see it."""

    user_id: str
    session_id: str
    room: str | None
    session_messages: Count
    created_at: Instant
    last_active: Instant
    connections: Count


class SessionObject(SessionSummary):
    """A session, as its user may see it. `crisis_level` is the session's own and fades by turns."""

    crisis_level: LevelName


class SessionList(Struct):
    """The live sessions, by user."""

    count: Count
    sessions: list[SessionSummary]


class TurnObject(Struct):
    """A turn that has ended; an aborted one has what had been said so far."""

    turn: Annotated[int, Meta(ge=1)]
    position: PositionText
    at: Instant
    message: str
    response: str
    status: Literal["answered", "aborted"]
    crisis: CrisisObject


class HistoryObject(Struct):
    """A page of turns; `next` is the `after` of the following page, null at the end."""

    user_id: str
    turns: list[TurnObject]
    next: PositionText | None


class ErasedCounts(Struct):
    """How much was removed."""

    turns: Count
    events: Count


class ErasedObject(Struct):
    """What an erasure took away."""

    erased: ErasedCounts


class RoomSummary(Struct):
    """A room and how many people are in it; its persona is not counted."""

    room: str
    title: str
    occupants: Count


class RoomList(Struct):
    """All rooms."""

    rooms: list[RoomSummary]


class RoomObject(Struct):
    """A look at a room: `exits` says where its ways lead, `occupants` are user ids, sorted.

    `persona` is the name of the AI that answers here; it is no occupant.
    """

    room: str
    title: str
    description: str
    exits: dict[str, str]
    position: PositionText
    occupants: list[str]
    persona: str


class SaidObject(RoomObject):
    """The room in which the words were said, their position, and what was found in them."""

    room_position: PositionText
    crisis: CrisisObject


class HealthObject(Struct):
    """The process lives. `durability` says what a commit survives."""

    status: Literal["ok"]
    version: str
    sessions: Count
    rooms: Count
    uptime_s: Annotated[float, Meta(ge=0)]
    durability: str


class ReadyObject(Struct):
    """The server takes work."""

    status: Literal["ready"]


class ProblemObject(Struct):
    """What went wrong (RFC 9457).

    `retry` is true where the same call may succeed later. `crisis` is there
    where the refused words deserve help: show its notice. `partial` is what an
    aborted turn had said so far.
    """

    type: Annotated[str, Meta(examples=["/docs#mailbox_full"])]
    title: str
    status: Annotated[int, Meta(ge=400, le=599)]
    detail: str
    code: Annotated[str, Meta(examples=["mailbox_full"])]
    retry: bool
    crisis: CrisisObject | UnsetType = UNSET
    partial: str | UnsetType = UNSET
