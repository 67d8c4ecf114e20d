"""Who is in a room: `apply(state, event) -> (state, effects)`, and the decisions before it.

A decision looks at the state and says which event, if any, an operation makes.
The event is published, and only its delivery changes the state: so every node
and every replay that applies the same events holds the same occupancy (I13).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nexus_trio.model.envelope import Position, RoomEvent


@dataclass(frozen=True, slots=True)
class RoomState:
    """Occupants by user id, with their names, after the event at `position`."""

    room: str
    position: Position
    occupants: Mapping[str, str | None] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Effects:
    """What the room does after an event: `tell` all listeners, and `forget` one who left."""

    tell: RoomEvent
    forget: str | None = None


def decide_join(state: RoomState, user_id: str, username: str | None) -> RoomEvent | None:
    """The event of a join: None where the user is in the room already."""
    if user_id in state.occupants:
        return None
    return RoomEvent(state.room, "joined", user_id, username)


def decide_leave(state: RoomState, user_id: str) -> RoomEvent | None:
    """The event of a leave: None where the user is not in the room."""
    if user_id not in state.occupants:
        return None
    return RoomEvent(state.room, "left", user_id, state.occupants[user_id])


def decide_say(state: RoomState, user_id: str, text: str) -> RoomEvent | None:
    """The event of words said aloud: None where the speaker is not in the room."""
    if user_id not in state.occupants:
        return None
    return RoomEvent(state.room, "said", user_id, state.occupants[user_id], text)


def apply(state: RoomState, event: RoomEvent) -> tuple[RoomState, Effects]:
    """The state after `event`, which carries the next position of the room's stream.

    Raises `ValueError` on a gap, a double or a foreign room: such an event
    was not delivered as the broker promises, and must not be guessed at.
    """
    position = event.position
    if event.room != state.room or position is None:
        raise ValueError("the event is not of this room, or was never published")
    if position.epoch == state.position.epoch and position.offset != state.position.offset + 1:
        raise ValueError(f"event {position.offset} after {state.position.offset}")
    occupants = state.occupants
    forget = None
    if event.event == "joined" and event.user_id is not None:
        occupants = {**occupants, event.user_id: event.username}
    elif event.event == "left" and event.user_id is not None:
        occupants = {user: name for user, name in occupants.items() if user != event.user_id}
        forget = event.user_id
    return RoomState(state.room, position, occupants), Effects(event, forget)
