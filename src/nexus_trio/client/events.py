"""What the client tells: the parts of a reply as it is written, and events.

Frozen values. No repr shows words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from nexus_trio.client.errors import BridgeError
from nexus_trio.model.envelope import Position, Reply, Resource, RoomEvent


@dataclass(frozen=True, slots=True)
class Delta:
    """The reply goes on with `text`, never empty. Provisional until the reply.

    All deltas since the last `Reset`, joined, are the reply without its crisis notice.
    """

    text: str = field(repr=False)
    turn: int | None = None


@dataclass(frozen=True, slots=True)
class Reset:
    """All deltas of this reply so far are void; what comes now is told from its beginning.

    It happens where a lost connection, or a server's restart, had the reply made anew.
    """


@dataclass(frozen=True, slots=True)
class Notice:
    """Words that must be shown. `kind` is `crisis` or `disclosure`."""

    kind: str
    text: str = field(repr=False)
    resources: tuple[Resource, ...] = field(repr=False)
    position: Position


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A turn of this user ended that nobody waits for here: another connection's.

    `message` are the user's words where the server told them. Either `reply` or
    `error` is not None.
    """

    turn: int | None
    message: str | None = field(repr=False)
    reply: Reply | None
    error: BridgeError | None


@dataclass(frozen=True, slots=True)
class Gap:
    """Something is missing before what comes next.

    `not_recovered`: the server could not give whole what came while the connection was
    lost; `history(after=gap.after)` has the turns of it. `queue_full`: events came faster
    than they were read, and `missed` of them, the oldest, were given up; crisis notices
    are not among them.
    """

    reason: Literal["not_recovered", "queue_full"]
    missed: int | None = None
    after: Position | None = None
    room_after: Position | None = None


@dataclass(frozen=True, slots=True)
class Connected:
    """The first welcome: where the user is."""

    session_id: str
    room: str | None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The connection fell; it is tried again in `retry_in_s` seconds, by itself."""

    reason: str
    retry_in_s: float


@dataclass(frozen=True, slots=True)
class Reconnected:
    """The connection is back after `attempts` tries; what was missed follows, or a `Gap` does."""

    session_id: str
    room: str | None
    attempts: int


Part = Delta | Reset | Notice
"""What `async for part in turn` gives."""

Event = RoomEvent | Notice | Elsewhere | Gap | Connected | Disconnected | Reconnected
"""What `async for event in client.events()` gives."""
