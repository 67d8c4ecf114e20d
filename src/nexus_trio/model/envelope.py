"""What crosses a boundary: ids, the post, the reply, room events, positions.

Frozen values. A field that may hold a user's words is `repr=False`, so that no
log line, traceback or failed assertion shows them by accident (I1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nexus_trio.errors import InvalidRequest

RoomEventKind = Literal["joined", "left", "said", "erased"]

MAX_OFFSET = 2**63 - 1
"""The largest offset: what a signed 64-bit column holds."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in one stream, `EPOCH:OFFSET` on the wire.

    `offset` counts from 1 and rises by one within an epoch; 0 is the place
    before the first event. Another epoch means that what went before may be
    gone (I18).
    """

    epoch: str
    offset: int

    def __str__(self) -> str:
        return f"{self.epoch}:{self.offset}"

    @classmethod
    def parse(cls, text: str, name: str = "after") -> Position:
        """`text` as a position; `InvalidRequest` naming the field `name` where it is none."""
        epoch, colon, offset = text.partition(":")
        plain = offset.isascii() and offset.isdigit() and len(offset) <= 19
        if not (colon and 0 < len(epoch) <= 64 and epoch.isascii() and epoch.isalnum() and plain):
            raise InvalidRequest(f"{name} must be a position as the server gave it: EPOCH:OFFSET")
        if int(offset) > MAX_OFFSET:
            raise InvalidRequest(f"{name} has an offset beyond any that the server gives")
        return cls(epoch, int(offset))


@dataclass(frozen=True, slots=True)
class Post:
    """One message on its way to its session; its fields have been checked (`model.fields`)."""

    user_id: str
    message: str = field(repr=False)
    username: str | None = field(default=None, repr=False)
    room: str | None = None
    client_ref: str | None = field(default=None, repr=False)
    locale: str | None = None
    # Whatever its words, it is no command of the room.
    turn_only: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    """A line to call or a page to open; `country` is ISO 3166, empty for anywhere."""

    name: str
    contact: str
    url: str
    country: str


@dataclass(frozen=True, slots=True)
class CrisisView:
    """What a reply or a refusal says of the message that it answers.

    `level` is the message's own; `turns` how many turns in a row, this one
    included, were at `concern` or above; `detected` is true from `crisis` on,
    and then `notice` holds the words that the user is shown. `country` is that
    of the call (ISO 3166), for the ledger; no wire shows it.
    """

    level: str = "none"
    detected: bool = False
    turns: int = 0
    notice: str | None = field(default=None, repr=False)
    resources: tuple[Resource, ...] = field(default=(), repr=False)
    country: str = field(default="", compare=False)


NO_CRISIS = CrisisView()


DISCLOSURE = "disclosure"
"""The kind of the notice that says that this is an AI."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Words that must be shown, other than the crisis notice.

    `friend` is part of the response. A `disclosure`, that this is an AI, stands
    apart from it: an event of the session's stream by itself.
    """

    kind: str
    text: str

    @property
    def apart(self) -> bool:
        """Whether it stands beside the response, and not in it."""
        return self.kind == DISCLOSURE


@dataclass(frozen=True, slots=True)
class Reply:
    """The one answer to an ask (I2).

    `turn` counts this session's turns from 1, `session_messages` the user
    messages stored in it. A room command's reply has `command`, and leaves
    the counts alone.
    """

    user_id: str
    session_id: str
    room: str | None
    turn: int
    response: str = field(repr=False)
    crisis: CrisisView
    session_messages: int
    position: Position
    notices: tuple[Notice, ...] = ()
    command: str | None = None
    occupants: tuple[str, ...] | None = None

    @property
    def text(self) -> str:
        """The response, notice included."""
        return self.response


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """Something that happened in a room, for all who are in it, in one order (I14).

    `position` and `at`, a time in UTC, are the broker's to set. In what a persona
    said, `about` is the user whom it answered, and `heard` are the others whose
    words it was made of, a bounded number; no wire shows either.
    """

    room: str
    event: RoomEventKind
    user_id: str | None
    username: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    position: Position | None = None
    at: datetime | None = None
    about: str | None = None
    heard: frozenset[str] = frozenset()

    def made_of(self, user_id: str) -> bool:
        """Whether it goes with that user: it is the user's own, or made of the user's words."""
        return user_id in (self.user_id, self.about) or user_id in self.heard

    def buried(self) -> RoomEvent:
        """The tombstone that stands in its place: no user, no words."""
        return RoomEvent(self.room, "erased", None, position=self.position, at=self.at)


@dataclass(frozen=True, slots=True)
class RoomView:
    """A look: the room, its latest position and who is in it, sorted."""

    room: str
    title: str
    description: str
    exits: Mapping[str, str]
    position: Position
    occupants: tuple[str, ...]
    persona: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """The answer to `say`: the room, the position of the words in it, and the verdict."""

    view: RoomView
    room_position: Position
    crisis: CrisisView


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its user may see it. `crisis_level` is nobody else's to see (I4)."""

    user_id: str
    session_id: str
    room: str | None
    session_messages: int
    created_at: datetime
    last_active: datetime
    connections: int
    crisis_level: str


@dataclass(frozen=True, slots=True)
class Erased:
    """How much an erasure took away."""

    turns: int
    events: int
