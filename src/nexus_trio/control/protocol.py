"""The control protocol: one request a connection, a line of JSON; its reply, line by line.

    > {"control": 1, "do": "export", "user_id": "ada"}
    < {"hello": {"control": 1}}
    < {"head": {…}}
    < {"turn": {…}}                 and so on: each line is one part, named by its key
    < {"end": {"ok": true}}

A reply without its `end` was cut. An `end` that is not ok carries `code` and
`detail`, as the HTTP calls do. These two shapes, and the request's `control`,
stay the same in every version, so that programs of two versions understand
that they don't understand each other.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, get_args

from nexus_trio.errors import InvalidRequest, NexusError
from nexus_trio.model import fields

VERSION: Final = 1

REQUEST_BYTES: Final = 4096
"""The longest request; one takes some hundred bytes."""

Verb = Literal["list", "show", "export", "erase", "ledger", "protocol"]
VERBS: Final[tuple[Verb, ...]] = get_args(Verb)

Part = tuple[str, dict[str, Any]]
"""One part of a reply: its name and its fields."""

Tell = Callable[[Sequence[Part]], Awaitable[None]]
"""Takes the parts of a reply as they come, in order."""

HELLO: Final[Part] = ("hello", {"control": VERSION})
DONE: Final[Part] = ("end", {"ok": True})


@dataclass(frozen=True, slots=True)
class Request:
    """What a command asks: `list`, `protocol`; `ledger` of a period; the others of one user."""

    verb: Verb
    user_id: str | None = None
    period: tuple[date, date] | None = None

    @property
    def days(self) -> tuple[date, date]:
        """The first and the last day that it is about. Raises `InvalidRequest` without them."""
        if self.period is None or self.period[0] > self.period[1]:
            raise InvalidRequest("give two days, the first one not behind the last")
        return self.period

    @property
    def user(self) -> str:
        """The user that it is about. Raises `InvalidRequest` where there is none, or no id."""
        return fields.user_id(self.user_id)


def request_line(request: Request) -> bytes:
    """A request as it goes over the socket."""
    asked: dict[str, Any] = {"control": VERSION, "do": request.verb}
    if request.user_id is not None:
        asked["user_id"] = request.user_id
    if request.period is not None:
        asked["since"], asked["until"] = (day.isoformat() for day in request.period)
    return line(asked)


def parse_request(text: bytes) -> Request:
    """The request in one line. Raises `InvalidRequest`, without a word of what was sent."""
    asked = _object(text)
    if asked.get("control") != VERSION:
        raise InvalidRequest(
            f"this server speaks version {VERSION} of the control protocol; "
            "use the commands of the version that the server has"
        )
    for verb in VERBS:
        if verb == asked.get("do"):
            if verb == "ledger":
                return Request(verb, period=(_day(asked.get("since")), _day(asked.get("until"))))
            about = None if verb in ("list", "protocol") else fields.user_id(asked.get("user_id"))
            return Request(verb, about)
    raise InvalidRequest(f"the server can do {', '.join(VERBS)}, and nothing else")


def _day(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise InvalidRequest("a day is written YYYY-MM-DD") from None


def part_line(part: Part) -> bytes:
    """A part of a reply as it goes over the socket."""
    name, value = part
    return line({name: value})


def parse_part(text: bytes) -> Part:
    """The part in one line. Raises `InvalidRequest` for what is none."""
    for name, value in _object(text).items():
        if isinstance(value, dict):
            return name, value
    raise InvalidRequest("a part of the reply can't be read")


def failure(error: NexusError) -> Part:
    """The end of a reply that did not come to its end."""
    return "end", {"ok": False, "code": error.code, "detail": error.detail}


def line(value: object) -> bytes:
    """One line of JSON. JSON has no bare newline, so a line is a whole value."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        # `from None`: the decoder's error quotes what was sent.
        raise InvalidRequest("a line of the control protocol is one JSON object") from None
    if not isinstance(found, dict):
        raise InvalidRequest("a line of the control protocol is one JSON object")
    return found
