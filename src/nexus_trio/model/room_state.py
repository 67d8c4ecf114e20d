"""Who is in a room: `apply(state, event) -> effects`, and the decisions before it.

A decision looks at the state and says which event, if any, an operation makes.
The event is published, and only its delivery changes the state: so every node
and every replay that applies the same events holds the same occupancy (I13).

`apply` is the only writer of a state, in place: a copy for each of 10,000
people who come would cost more than all else that a join does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from nexus_trio.model.envelope import Position, RoomEvent

_PERSONA: Final = "persona:"  # no user's id has a colon


def persona_id(name: str) -> str:
    """What stands for `user_id` in what the persona of that name says aloud."""
    return _PERSONA + name


def is_persona(user_id: str) -> bool:
    """Whether that id is a persona's."""
    return user_id.startswith(_PERSONA)


@dataclass(slots=True)
class RoomState:
    """Occupants by user id, with their names, after the event at `position`."""

    room: str
    position: Position
    occupants: dict[str, str | None] = field(default_factory=dict, repr=False)


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


def decide_say(state: RoomState, user_id: str, username: str | None, text: str) -> RoomEvent | None:
    """The event of words said aloud: None where the speaker is not in the room.

    `username` is the speaker's name by now; it may have changed since the join.
    """
    if user_id not in state.occupants:
        return None
    return RoomEvent(state.room, "said", user_id, username, text)


def decide_answer(
    state: RoomState, persona: str, text: str, about: str, heard: frozenset[str]
) -> RoomEvent | None:
    """The event of a persona's answer aloud: None where the one who is answered has gone.

    A persona need not have come in, and is no occupant; nor need those whom it `heard`.
    """
    if about not in state.occupants:
        return None
    speaker = persona_id(persona)
    return RoomEvent(state.room, "said", speaker, persona, text, about=about, heard=heard)


def apply(state: RoomState, event: RoomEvent) -> Effects:
    """Bring `state` to where it is after `event`, the next one of the room's stream.

    Raises `ValueError` on a gap, a double or a foreign room, and changes
    nothing: such an event was not delivered as the broker promises, and must
    not be guessed at.
    """
    position = event.position
    if event.room != state.room or position is None:
        raise ValueError("the event is not of this room, or was never published")
    if position.epoch == state.position.epoch and position.offset != state.position.offset + 1:
        raise ValueError(f"event {position.offset} after {state.position.offset}")
    state.position = position
    if event.user_id is None:
        return Effects(event)
    if event.event == "left":
        state.occupants.pop(event.user_id, None)
        return Effects(event, forget=event.user_id)
    if not is_persona(event.user_id):
        state.occupants[event.user_id] = event.username
    return Effects(event)
