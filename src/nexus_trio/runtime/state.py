"""What a session's actor knows between two turns."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from nexus_trio.crisis.watch import Watch
from nexus_trio.model.envelope import CrisisView, Notice, Position, Reply, SessionView
from nexus_trio.model.presence import Presence
from nexus_trio.model.transcript import Turn
from nexus_trio.responders.base import Exchange
from nexus_trio.runtime.frames import Noticed
from nexus_trio.store.base import LoadedSession, SessionRecord

OWED = 64
"""Crisis notices kept until acknowledged; whoever has more unread ones sees the newest."""


class SessionState:
    """One session's own memory, written by its own tasks alone (I1, I4).

    `turns` and `offset` follow commits, never intentions; `window` holds the
    newest answered turns for the responder, bounded.
    """

    __slots__ = (
        "arrival",
        "created_at",
        "disclosed_at",
        "epoch",
        "last_active",
        "offset",
        "owed",
        "presence",
        "removed",
        "seen",
        "session_id",
        "turns",
        "unstored",
        "user_id",
        "username",
        "watch",
        "window",
    )

    def __init__(self, loaded: LoadedSession, window: int) -> None:
        record = loaded.record
        self.user_id = record.user_id
        self.session_id = record.session_id
        self.epoch = record.epoch
        self.created_at: datetime = record.created_at
        self.last_active: datetime = record.last_active
        self.username = record.username
        self.presence = Presence(None, record.back)
        # Of its latest arrival in the room that it is in, or was in last.
        self.arrival: Position | None = None
        # Crisis notices that went to a connection and were not acknowledged (I24).
        self.owed: deque[Noticed] = deque(maxlen=OWED)
        # Nothing at or before this offset is owed; what stands behind it is, as
        # far as a later start can tell.
        self.seen = record.seen
        # When its user was last told that this is an AI.
        self.disclosed_at = record.disclosed_at
        self.turns = loaded.turns
        # The number of the last turn that retention took.
        self.removed = loaded.removed
        self.offset = loaded.offset
        # Of a notice that was shown, while no end of its turn is stored behind it; else 0.
        self.unstored = 0
        self.watch = Watch() if record.watch is None else Watch.from_tuple(record.watch)
        answered = [t for t in loaded.window if t.status == "answered"]
        self.window: deque[Exchange] = deque(
            (Exchange(t.message, t.spoken, t.number) for t in answered), maxlen=window
        )

    @property
    def messages(self) -> int:
        """The user's messages that are stored."""
        return self.turns - self.removed

    def expired(self, removed: int) -> None:
        """Retention took the turns up to that number: they are forgotten here, too."""
        self.removed = removed
        kept = [exchange for exchange in self.window if exchange.turn > removed]
        self.window = deque(kept, maxlen=self.window.maxlen)

    @property
    def position(self) -> Position:
        """The latest position of the session's stream."""
        return Position(self.epoch, self.offset)

    @property
    def next_position(self) -> Position:
        """Where the next event of the stream will stand."""
        return Position(self.epoch, self.offset + 1)

    def record(self) -> SessionRecord:
        """The session's own row, as it is now."""
        return SessionRecord(
            self.user_id,
            self.session_id,
            self.epoch,
            self.created_at,
            self.last_active,
            self.username,
            self.presence.back,
            self.watch.to_tuple(),
            self.seen,
            self.disclosed_at,
        )

    def covered(self, position: Position) -> tuple[Noticed, ...]:
        """The notices owed that stand at or before `position`."""
        if position.epoch != self.epoch:
            return ()
        return tuple(n for n in self.owed if n.position.offset <= position.offset)

    def acknowledged(self, notices: Sequence[Noticed]) -> None:
        """These are owed no more."""
        for notice in notices:
            if notice in self.owed:
                self.owed.remove(notice)
            self.seen = max(self.seen, notice.position.offset)
        self.advance()

    def advance(self) -> None:
        """Where nothing is owed, all is seen."""
        if not self.owed:
            self.seen = self.offset

    def reply(self, turn: Turn) -> Reply:
        """The reply of an answered turn."""
        return Reply(
            self.user_id,
            self.session_id,
            turn.room,
            turn.number,
            turn.response,
            turn.crisis,
            turn.number - self.removed,
            turn.position or self.position,
            turn.notices,
        )

    def aside(
        self,
        command: str,
        text: str,
        crisis: CrisisView,
        occupants: tuple[str, ...] | None = None,
        notices: tuple[Notice, ...] = (),
    ) -> Reply:
        """The reply of a room command: the counts stay as they are."""
        return Reply(
            self.user_id,
            self.session_id,
            self.presence.room,
            self.turns,
            text,
            crisis,
            self.messages,
            self.position,
            notices,
            command,
            occupants,
        )


def view_of(record: SessionRecord, messages: int) -> SessionView:
    """A session that is not live, as its user sees it: in no room, without a connection."""
    level = "none" if record.watch is None else Watch.from_tuple(record.watch).level
    return SessionView(
        record.user_id,
        record.session_id,
        None,
        messages,
        record.created_at,
        record.last_active,
        0,
        level,
    )
