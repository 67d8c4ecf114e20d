"""Where the streams of the session and of the room are, as far as they came here. Pure."""

from __future__ import annotations

from nexus_trio.model.envelope import Position, RoomEvent, RoomView


class Places:
    """The two positions that the next hello resumes from, and the room that the user is in."""

    def __init__(self, after: Position | None, room_after: Position | None) -> None:
        self.session = after
        self.in_room = room_after
        self.room: str | None = None

    def fields(self) -> dict[str, str]:
        """As a hello names them."""
        found = {"after": self.session, "room_after": self.in_room}
        return {name: str(place) for name, place in found.items() if place is not None}

    def welcomed(self, room: str | None, session: Position, in_room: Position | None) -> None:
        """What follows a welcome stands behind its positions."""
        self.room, self.session, self.in_room = room, session, in_room

    def reached(self, position: Position | None) -> None:
        """The session's stream came so far. Of another epoch are notices before their turn."""
        if position is not None and self.knows(position) and self.session is not None:
            self.session = max(self.session, position, key=lambda each: each.offset)

    def knows(self, position: Position) -> bool:
        """Whether it is one of the session's stream."""
        return self.session is not None and self.session.epoch == position.epoch

    def heard(self, event: RoomEvent) -> bool:
        """The room's stream came so far; False where it had come so far already."""
        position, before = event.position, self.in_room
        if position is None:
            return False
        same = before is not None and before.epoch == position.epoch
        if same and before is not None and position.offset <= before.offset:
            return False
        self.room, self.in_room = event.room, position
        return True

    def viewed(self, view: RoomView) -> None:
        """The user is in this room. What was said there before they came is not for them."""
        self.room = view.room
        if self.in_room is None or self.in_room.epoch != view.position.epoch:
            self.in_room = view.position
