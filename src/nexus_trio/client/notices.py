"""Notices: each told once, and acknowledged when it has been seen. Pure."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from nexus_trio.client.events import Event, Notice
from nexus_trio.model.envelope import Position

REMEMBERED: Final = 1024
"""Notices that are known again when they come again: as many as a resume may hold."""


class Notices:
    """What was told, what its reader looks at, and what the server is yet to take as seen."""

    def __init__(self) -> None:
        # The newest that was seen, until the server has taken that.
        self.owed: Position | None = None
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._shown: Notice | None = None

    def is_new(self, notice: Notice) -> bool:
        """Whether it comes for the first time. It comes again until it is acknowledged."""
        key = (str(notice.position), notice.text)
        if key in self._known:
            return False
        self._known[key] = None
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return True

    def show(self, event: Event) -> None:
        """The reader of events gets this one."""
        self._shown = event if isinstance(event, Notice) and event.kind == "crisis" else None

    def looked_away(self) -> Position | None:
        """The reader asks for the next event: the position of the notice that was seen, if any."""
        notice, self._shown = self._shown, None
        return None if notice is None else notice.position

    def owe(self, position: Position) -> dict[str, str]:
        """It was seen: the frame that says so, sent again with each welcome until it is taken."""
        self.owed = position
        return {"type": "ack", "ref": _ref(position), "position": str(position)}

    def taken(self, ref: str | None) -> None:
        """The server has answered the frame with that `ref`."""
        if self.owed is not None and ref == _ref(self.owed):
            self.owed = None


def _ref(position: Position) -> str:
    return f"seen{position.offset}"
