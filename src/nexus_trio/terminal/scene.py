"""Where the user is and who else is there, as far as was heard."""

from __future__ import annotations

from dataclasses import replace

from nexus_trio.client import RoomEvent, RoomView
from nexus_trio.terminal.view import Place, View


class Scene:
    """The room, its persona, and the names that can be completed; the view is told of changes."""

    def __init__(self, view: View, user: str) -> None:
        self.place = Place(user)
        self._view = view
        self._persona = ""

    @property
    def by(self) -> str:
        """Who answers here."""
        return self._persona or self.place.room or "the server"

    def rooms(self, names: tuple[str, ...]) -> None:
        """All rooms that there are."""
        self._move(replace(self.place, rooms=names))

    def at(self, view: RoomView) -> None:
        """The user has looked at the room."""
        self._persona = view.persona
        people = tuple(sorted({*view.occupants, *filter(None, [view.persona])}))
        self._move(replace(self.place, room=view.room, people=people))

    def heard(self, event: RoomEvent) -> bool:
        """Something happened; True where the user is elsewhere now, and should look."""
        who, people = event.user_id, {*self.place.people}
        if who is None or who.startswith("persona:"):
            return False
        if who == self.place.user:
            # At the beginning the user looks anyway.
            known = self.place.room is not None
            return known and event.event == "joined" and event.room != self.place.room
        if event.event == "joined":
            people.add(who)
        elif event.event == "left":
            people.discard(who)
        self._move(replace(self.place, people=tuple(sorted(people))))
        return False

    def _move(self, place: Place) -> None:
        self.place = place
        self._view.place(place)
