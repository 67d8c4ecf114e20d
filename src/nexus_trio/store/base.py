"""The seam to what is kept.

What every adapter guarantees:

- `append` returning is the commit, the only truth: all of its writes are
  stored, or none is. It raises `StoreUnavailable` where nothing was stored.
  A caller that is cancelled while it waits does not know; whoever must know
  shields the wait.
- Reads see every append that returned before they began.
- `erase` leaves nothing of the user in any file, index or later read (I19).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

from nexus_trio.model.envelope import Erased, Position, RoomEvent
from nexus_trio.model.transcript import Turn

WatchState = tuple[float, int, str, int, int]
"""A crisis watch as plain values (`crisis.watch`)."""


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session as it is stored, without its turns.

    `back`: where its next call brings it; `seen`: the offset in its stream up
    to which its user has acknowledged what was shown; `disclosed_at`: when they
    were last told that this is an AI.
    """

    user_id: str
    session_id: str
    epoch: str
    created_at: datetime
    last_active: datetime
    username: str | None = field(default=None, repr=False)
    back: str | None = None
    watch: WatchState | None = field(default=None, repr=False)
    seen: int = 0
    disclosed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoadedSession:
    """A stored session with the newest of its turns.

    `turns` is the number of the last turn, finished or not, `offset` that of
    the last event in the session's stream: both follow from what was put, so
    that two writers of one session can't set them back. `window` holds its
    last ended turns, oldest first; `unfinished` the turn that was received and
    never ended, which whoever loads it must end; `removed` is the number of the
    last turn that `expire` took, 0 where it took none.
    """

    record: SessionRecord
    turns: int
    offset: int
    window: tuple[Turn, ...] = field(repr=False)
    unfinished: Turn | None = field(default=None, repr=False)
    removed: int = 0

    @property
    def messages(self) -> int:
        """The user's messages that are stored."""
        return self.turns - self.removed


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session in a page of all of them, and how many of its user's messages are stored."""

    record: SessionRecord
    messages: int


@dataclass(frozen=True, slots=True)
class PutSession:
    """Write the session's own row. The first one makes the session."""

    record: SessionRecord


@dataclass(frozen=True, slots=True)
class PutTurn:
    """Write a turn, new or ended, by its number."""

    user_id: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class PutRoomEvent:
    """Write the next event of a room's stream; it carries its position."""

    event: RoomEvent


LedgerAction = Literal["detected", "issued", "delivered", "seen", "withheld"]
"""Counted of a crisis: its detection; a notice that was issued, one that was handed to a
connection or a call of its reader, one that was acknowledged; and a reply of the responder
whose rest was withheld, with guidance in its place."""


@dataclass(frozen=True, slots=True)
class Count:
    """Add to the crisis ledger: by day (UTC), level, action, jurisdiction and lexicon.

    `level` is `concern` or above, and `none` only where something was withheld;
    `jurisdiction` the country of the call (ISO 3166), `lexicon` the version that
    judged; each is empty where it is not known. No text, no user; an erasure
    leaves it, and no count is ever taken back.
    """

    day: date
    level: str
    action: LedgerAction
    number: int = 1
    jurisdiction: str = ""
    lexicon: str = ""


Write = PutSession | PutTurn | PutRoomEvent | Count


@dataclass(frozen=True, slots=True)
class Page:
    """Ended turns in order; `next` is the position to pass for what follows, None at the end."""

    turns: tuple[Turn, ...] = field(repr=False)
    next: Position | None = None


@dataclass(frozen=True, slots=True)
class Expired:
    """What `expire` took; false where it took nothing.

    `turns`: by user the number of the last turn that is gone; `rooms`: by room
    the offset up to which all events are tombstones.
    """

    turns: Mapping[str, int]
    rooms: Mapping[str, int]

    def __bool__(self) -> bool:
        return bool(self.turns or self.rooms)


class Store(Protocol):
    """Durable append and read."""

    @property
    def healthy(self) -> bool:
        """Whether it takes commits, as far as is known. Never waits."""
        ...

    @property
    def prompt(self) -> bool:
        """Whether `append` never waits: then no cancellation can reach it, and no time-out need."""
        ...

    async def append(self, writes: Sequence[Write]) -> None:
        """Commit `writes` as one. Raises `StoreUnavailable`; then nothing is stored."""
        ...

    async def load(self, user_id: str, window: int) -> LoadedSession | None:
        """What is held of a session, with at most `window` turns; None where nothing is."""
        ...

    async def history(self, user_id: str, after: Position | None, limit: int) -> Page | None:
        """Ended turns behind `after` (exclusive; None for the beginning), at most `limit`.

        None where nothing is held of that user. A position of another epoch
        raises `NotFound`: what went before it may be gone.
        """
        ...

    async def sessions(self, after: str | None, limit: int) -> tuple[StoredSession, ...]:
        """At most `limit` sessions by user id, behind the user `after` (None: from the first)."""
        ...

    async def reference(self, user_id: str, client_ref: str, since: datetime) -> Turn | None:
        """The newest turn with that reference received at or after `since`."""
        ...

    async def room_tail(self, room: str) -> Position:
        """The position of the room's last event; offset 0 in a room without any."""
        ...

    async def room_events(self, room: str, after: Position, limit: int) -> tuple[RoomEvent, ...]:
        """At most `limit` events behind `after`, in order; erased ones as tombstones.

        Raises `NotFound` where they can't be had whole.
        """
        ...

    async def occupants(self, room: str) -> Mapping[str, str | None]:
        """Who by the room's stream has joined and not left, with their names."""
        ...

    async def ledger(self, since: date, until: date) -> tuple[Count, ...]:
        """The counts of these days, both included, in the order of their fields but the number."""
        ...

    async def rooms_of(self, user_id: str) -> Mapping[str, str | None]:
        """The rooms that the user by their streams has joined and not left; under which name."""
        ...

    async def events_of(
        self, user_id: str, after: RoomEvent | None, limit: int
    ) -> tuple[RoomEvent, ...]:
        """At most `limit` of the user's events that are kept, behind `after`, one of them.

        The answers that it was given aloud (`RoomEvent.about`) are among them; answers
        to others that heard it (`RoomEvent.heard`) are theirs, and are not.

        One room after the other, in an order that stays the same, and in each
        room by position. Erased ones are nobody's any more.
        """
        ...

    async def traces(self, user_id: str) -> bool:
        """Whether any event of a room is the user's, or made of the user's words."""
        ...

    async def erase(self, user_id: str, *, sweep: bool = True) -> Erased:
        """Remove all that is held of the user; its room events become tombstones.

        So do the answers aloud that were made of its words (`RoomEvent.made_of`).
        Cut short by a crash, it may have taken the oldest turns of many already.
        Without `sweep`, bytes of it may stay in files until `sweep` is called.
        """
        ...

    async def expire(self, before: datetime, limit: int) -> Expired:
        """Remove turns received before that moment, and make tombstones of older room events.

        The oldest ones first, at most `limit` of each, a turn without an end
        never; to be called until it takes nothing, and then `sweep`.
        """
        ...

    async def inactive(self, before: datetime, after: str, limit: int) -> tuple[str, ...]:
        """At most `limit` users last active before that moment, in order, behind the id `after`."""
        ...

    async def sweep(self) -> None:
        """Return once no byte of what was removed before this call is left in any file."""
        ...

    async def aclose(self) -> None:
        """Give back what the store holds open. Nothing may be called after it."""
        ...
