r"""Turns, and the table of their states.

    (nothing) --receive--> received --answer--> answered
                               \-----abort----> aborted

A turn is received when the user's words and the verdict are stored, and ends
exactly once (I9). Where the reply is ready before the first commit has begun,
both steps are one commit. What a known `client_ref` means is the second table
(I10).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from nexus_trio.model.envelope import CrisisView, Notice, Position

Status = Literal["received", "answered", "aborted"]
TurnEvent = Literal["answer", "stop", "fail", "time_out", "restart", "erase"]
RefOutcome = Literal["new", "wait", "repeat", "again", "conflict"]

TURN_TABLE: dict[tuple[Status, TurnEvent], Status] = {
    ("received", "answer"): "answered",
    ("received", "stop"): "aborted",
    ("received", "fail"): "aborted",
    ("received", "time_out"): "aborted",
    ("received", "restart"): "aborted",
    ("received", "erase"): "aborted",
    # An ended turn has no row: whatever comes later loses.
}

REFERENCE_TABLE: dict[Status | None, RefOutcome] = {
    None: "new",
    "received": "wait",
    "answered": "repeat",
    "aborted": "again",
}

REFERENCES_KEPT = timedelta(hours=24)
"""How long a `client_ref` is known: longer than any client's offline queue waits."""


class TurnEnded(Exception):
    """A turn that has ended was asked to end again: a defect, never a user's fault."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn. `number` counts from 1 in commit order (I8); `position` is set at its end."""

    number: int
    at: datetime
    room: str
    message: str = field(repr=False)
    crisis: CrisisView
    status: Status = "received"
    response: str = field(default="", repr=False)
    position: Position | None = None
    client_ref: str | None = field(default=None, repr=False)
    notices: tuple[Notice, ...] = ()

    @property
    def spoken(self) -> str:
        """The response without the notices that stand before it: what the responder wrote."""
        shown = [self.crisis.notice, *(notice.text for notice in self.notices if not notice.apart)]
        before = "\n\n".join(text for text in shown if text)
        return self.response.removeprefix(before).removeprefix("\n\n") if before else self.response

    @property
    def ahead(self) -> int:
        """How many events of the stream stand right before its end: notices of their own."""
        return self.crisis.detected + sum(notice.apart for notice in self.notices)

    def ended(self, event: TurnEvent, response: str, position: Position) -> Turn:
        """This turn after `event`, by the table; `TurnEnded` where it has no row."""
        try:
            status = TURN_TABLE[self.status, event]
        except KeyError:
            raise TurnEnded(f"turn {self.number} is {self.status}, {event} comes late") from None
        # Not `replace`, which takes three times as long: this is done in every turn.
        return Turn(
            self.number,
            self.at,
            self.room,
            self.message,
            self.crisis,
            status,
            response,
            position,
            self.client_ref,
            self.notices,
        )


def reference_outcome(known: Status | None, same_message: bool) -> RefOutcome:
    """What a message with a `client_ref` does, given the turn that the reference names."""
    if known is not None and not same_message:
        return "conflict"
    return REFERENCE_TABLE[known]
