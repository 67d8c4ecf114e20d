"""Answers that are the client's own: of `say`, and of `statistics`."""

from __future__ import annotations

from dataclasses import dataclass

from nexus_trio.model.envelope import CrisisView, Position


@dataclass(frozen=True, slots=True)
class Spoken:
    """The words were heard in the room, at `position`.

    `crisis` is what was found in them: show its `notice`. None where the connection fell
    before the answer, and the words came back as an event of the room.
    """

    position: Position
    crisis: CrisisView | None


@dataclass(frozen=True, slots=True)
class Statistics:
    """A moment of the client: `attempts` at a connection, those that were welcomed, calls that
    wait, events that nobody took yet, and how many were given up as the queue was full."""

    attempts: int
    welcomes: int
    pending: int
    queued: int
    dropped: int
