"""What is read over HTTP: the history and the list of rooms."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from nexus_trio.model.envelope import CrisisView, Position


@dataclass(frozen=True, slots=True)
class PastTurn:
    """One stored turn; `response` of an aborted one is what it had said."""

    turn: int
    position: Position
    at: datetime
    message: str = field(repr=False)
    response: str | None = field(repr=False)
    status: Literal["answered", "aborted"]
    crisis: CrisisView


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """Turns, oldest first; `next` is the `after` of the following page, None at the end."""

    turns: tuple[PastTurn, ...]
    next: Position | None


@dataclass(frozen=True, slots=True)
class RoomCount:
    """A room and how many people are in it."""

    room: str
    title: str
    occupants: int
