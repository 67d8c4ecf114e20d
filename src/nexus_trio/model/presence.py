"""Where one session is: in a room, away from it, or nowhere; the table of its moves.

    state    event      then
    nowhere  call       present, in the default room
    away     call       present, in the room that it was in
    present  call       present, where it is
    any      go ROOM    present, in ROOM
    present  leave      nowhere
    away     leave      nowhere
    present  grace      away: its last connection or call was long enough ago

`call` is a chat, a say, a hello or an event stream of its user. A session is in
one room at a time (I13).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PresenceEvent = Literal["call", "go", "leave", "grace"]


@dataclass(frozen=True, slots=True)
class Presence:
    """`room` is where the session is now, None for in none.

    `back` is where its next call brings it, None for the default room. While
    it is present, `back` is the room that it is in.
    """

    room: str | None = None
    back: str | None = None


def step(
    presence: Presence, event: PresenceEvent, default: str, room: str | None = None
) -> Presence:
    """The presence after `event`. `room` goes with `go` and is the name of a room."""
    match event:
        case "call":
            there = presence.room or presence.back or default
            return Presence(there, there)
        case "go":
            if room is None:
                raise ValueError("go needs a room")
            return Presence(room, room)
        case "leave":
            return Presence(None, None)
        case "grace":
            return Presence(None, presence.room or presence.back)
