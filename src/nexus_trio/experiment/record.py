"""What was sent and what came back, as plain data for the checks.

Every field of a server's making is kept as it came, decoded once; `raw` is the
body's text, so that a canary is found wherever in the answer it stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["ordinary", "distress", "explicit"]
Setting = Literal["alone", "load"]


@dataclass(frozen=True, slots=True)
class Person:
    """One user of the experiment. `canary` stands in each of its messages and in nobody else's.

    `setting` says when a user of the crisis part speaks: alone or under load.
    """

    user_id: str
    canary: str
    role: Role = "ordinary"
    setting: Setting = "load"


@dataclass(frozen=True, slots=True)
class Chat:
    """One message and its answer. Times are of the client's monotonic clock, in seconds.

    `number` counts the user's messages from 1; `status` is the HTTP status, or
    0 where no answer came and `error` says why; `reply` is empty where the
    answer was no JSON object.
    """

    user_id: str
    number: int
    room: str
    message: str = field(repr=False)
    started: float
    ended: float
    status: int
    reply: dict[str, Any] = field(default_factory=dict, repr=False)
    raw: str = field(default="", repr=False)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Any other call and its answer; `what` names it for a person."""

    user_id: str
    what: str
    status: int
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    raw: str = field(default="", repr=False)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """One of the looks that all ordinary users take at the same moment.

    `round` numbers the moments from 0. `alone` is true where all ordinary users
    had been told to be in the room and the users of the crisis part out of it.
    """

    round: int
    room: str
    call: Call
    alone: bool = True


@dataclass(slots=True)
class Record:
    """All that one run saw.

    `histories` holds each user's pages in order; `sessions` the list of live
    sessions, taken while all were live; `shown` each user's own session object;
    `moves` every join and go; `left` a look at each room after all had gone on;
    `frames` holds what came over WebSockets; `erasures` each DELETE and the
    look-up after it, named `gone`.
    """

    people: list[Person] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    messages: int = 0
    chats: list[Chat] = field(default_factory=list)
    moves: list[Call] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    left: list[Call] = field(default_factory=list)
    sessions: list[Call] = field(default_factory=list)
    shown: dict[str, Call] = field(default_factory=dict)
    histories: dict[str, list[Call]] = field(default_factory=dict)
    erasures: list[Call] = field(default_factory=list)
    # Over WebSockets: every frame that each user got, in order.
    frames: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def ordinary(self) -> list[Person]:
        """The N users whose isolation is examined."""
        return [person for person in self.people if person.role == "ordinary"]

    def calls(self) -> list[Call]:
        """Every call that is no chat."""
        looked = [look.call for look in self.looks]
        pages = [page for pages in self.histories.values() for page in pages]
        shown = list(self.shown.values())
        return [*self.moves, *looked, *self.left, *self.sessions, *shown, *pages, *self.erasures]
