"""What a session's actor knows between two turns."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from nexus_trio.crisis.watch import Watch
from nexus_trio.model.envelope import CrisisView, Notice, Position, Reply, SessionView
from nexus_trio.model.presence import Presence
from nexus_trio.model.transcript import Turn
from nexus_trio.responders.base import Exchange
from nexus_trio.store.base import LoadedSession, SessionRecord


class SessionState:
    """One session's own memory, written by its own tasks alone (I1, I4).

    `turns` and `offset` follow commits, never intentions; `window` holds the
    newest answered turns for the responder, bounded.
    """

    __slots__ = (
        "arrival",
        "created_at",
        "epoch",
        "last_active",
        "offset",
        "presence",
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
        self.turns = loaded.turns
        self.offset = loaded.offset
        # Of a notice that was shown, while no end of its turn is stored behind it; else 0.
        self.unstored = 0
        self.watch = Watch() if record.watch is None else Watch.from_tuple(record.watch)
        answered = [t for t in loaded.window if t.status == "answered"]
        self.window: deque[Exchange] = deque(
            (Exchange(t.message, t.response) for t in answered), maxlen=window
        )

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
        )

    def reply(self, turn: Turn) -> Reply:
        """The reply of an answered turn."""
        return Reply(
            self.user_id,
            self.session_id,
            turn.room,
            turn.number,
            turn.response,
            turn.crisis,
            turn.number,
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
            self.turns,
            self.position,
            notices,
            command,
            occupants,
        )


def stored_view(loaded: LoadedSession) -> SessionView:
    """A session that is not live, as its user sees it: in no room, without a connection."""
    record = loaded.record
    level = "none" if record.watch is None else Watch.from_tuple(record.watch).level
    return SessionView(
        record.user_id,
        record.session_id,
        None,
        loaded.turns,
        record.created_at,
        record.last_active,
        0,
        level,
    )
