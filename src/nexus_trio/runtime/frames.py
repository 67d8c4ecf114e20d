"""What a session tells its connections, before it is encoded for a wire.

`size` is about what a frame holds in memory: the UTF-8 of its words and a
constant for the rest. An outbox is bounded by it (I20).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from nexus_trio.errors import NexusError
from nexus_trio.model.envelope import Position, Reply, Resource, RoomEvent

OVERHEAD = 256
"""Bytes counted for a frame beside its words: the object, its position and ids."""


def _bytes(*texts: str | None) -> int:
    return OVERHEAD + sum(len(t) if t.isascii() else len(t.encode()) for t in texts if t)


@dataclass(frozen=True, slots=True, eq=False)
class Delta:
    """A piece of a reply under way, provisional until the reply.

    `ref` is None where another connection asked; `message`, the user's words,
    is then in the first frame of the turn that this connection gets.
    """

    ref: str | None
    turn: int
    seq: int
    text: str = field(repr=False)
    message: str | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Bytes, as an outbox counts them."""
        return _bytes(self.text, self.message)


@dataclass(frozen=True, slots=True, eq=False)
class Answered:
    """The reply to a message; `message` as in `Delta`."""

    ref: str | None
    reply: Reply
    message: str | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Bytes, as an outbox counts them."""
        return _bytes(self.reply.response, self.reply.crisis.notice, self.message)


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """The error that ended a message. `turn` and `position` where a turn of it is stored."""

    ref: str | None
    error: NexusError
    turn: int | None = None
    position: Position | None = None
    message: str | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Bytes, as an outbox counts them."""
        return _bytes(self.error.detail, self.error.partial, self.message)


class Delivery:
    """Tells, once, that a notice was handed to somebody who waits for it."""

    __slots__ = ("_tell",)

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell: Callable[[], None] | None = tell

    def happened(self) -> None:
        """It was handed over; to others it may have been before."""
        tell, self._tell = self._tell, None
        if tell is not None:
            tell()


@dataclass(frozen=True, slots=True, eq=False)
class Noticed:
    """Words that must be shown; `kind` is `crisis` or `disclosure`, `level` a crisis's own.

    `delivery` is None where nobody counts it: it was counted before, or is no crisis's.
    """

    kind: str
    text: str = field(repr=False)
    resources: tuple[Resource, ...] = field(repr=False)
    position: Position
    level: str = "none"
    country: str = ""
    delivery: Delivery | None = field(default=None, repr=False)

    @property
    def size(self) -> int:
        """Bytes, as an outbox counts them."""
        return _bytes(self.text)


@dataclass(slots=True, eq=False)
class Heard:
    """An event of a room, one object for all who hear it.

    `wire` is what it was encoded to, by whoever came first: a thousand
    listeners cost one encoding.
    """

    event: RoomEvent
    wire: str | None = field(default=None, repr=False)
    size: int = 0

    def __post_init__(self) -> None:
        self.size = _bytes(self.event.text, self.event.username)


@dataclass(frozen=True, slots=True, eq=False)
class Own:
    """The connection's own answer to a frame of its client, encoded by whoever made it."""

    wire: str = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes, as an outbox counts them."""
        return _bytes(self.wire)


Frame = Delta | Answered | Failed | Noticed | Heard | Own
