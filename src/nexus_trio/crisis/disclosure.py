"""When a user is told that they talk with an AI, and in which words. Pure: no clock of its own.

The laws, each with the longest time that it lets pass between two disclosures:

| jurisdiction | law | at the start | again, adults | again, known minors |
|---|---|---|---|---|
| `us-ca` | Business and Professions Code 22602 (SB 243) | yes | | 3 hours, with a word on a break |
| `us-ny` | General Business Law art. 47 | yes, at most once a day | 3 hours | 3 hours |
| `us-wa` | HB 2225 | yes | 3 hours | 1 hour |
| `eu` | AI Act art. 50(1) | yes | | |

Where several hold, the shortest time counts. The clock is the time of day since
the last disclosure, in whatever room and over whatever connection it was, and
over restarts: so nobody is told again for having reconnected, and who is away
for longer than that is told with the next message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

Kind = Literal["start", "again"]

DAY: Final = timedelta(days=1)
"""What is a start anew where no law says more: art. 47 asks for it once a day at most."""

_HOUR: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Rule:
    """What one law asks of the time between two disclosures; None where it asks nothing."""

    law: str
    adults: timedelta | None
    minors: timedelta | None


RULES: Final[dict[str, Rule]] = {
    "us-ca": Rule("California Business and Professions Code 22602", None, 3 * _HOUR),
    "us-ny": Rule("New York General Business Law art. 47", 3 * _HOUR, 3 * _HOUR),
    "us-wa": Rule("Washington HB 2225", 3 * _HOUR, _HOUR),
    "eu": Rule("EU AI Act art. 50(1)", None, None),
}

NONE: Final = "none"


def jurisdictions(text: str) -> tuple[str, ...]:
    """The names in `text`, separated by commas; none of them for `none`.

    Raises `ValueError` for a name that has no rule, and for `none` beside another.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if names == (NONE,):
        return ()
    unknown = [name for name in names if name not in RULES]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of {', '.join(RULES)}; or {NONE} alone")
    return names


def interval(names: tuple[str, ...], *, minors: bool) -> timedelta | None:
    """The longest time from one disclosure to the next; None where none is asked for."""
    if not names:
        return None
    asked = (RULES[name].minors if minors else RULES[name].adults for name in names)
    return min((each for each in asked if each is not None), default=DAY)


def due(every: timedelta | None, last: datetime | None, now: datetime) -> Kind | None:
    """Whether one is due at `now`, the last one having been at `last`; None where it isn't.

    A clock that was set back makes one due: too early is no harm.
    """
    if every is None:
        return None
    if last is None or last > now or now - last >= DAY:
        return "start"
    return "again" if now - last >= every else None


_START: Final = (
    "You are talking with an AI, not with a person. It can be wrong, it has no feelings of its "
    "own, and it can't come to you or act for you."
)
_AGAIN: Final = (
    "A reminder: you are talking with an AI, not with a person. If you have been here for a "
    "while, this is a good moment for a break."
)
_MINORS: Final = "Is something hard, or not okay? Please talk with a grown-up you trust, too."


def words(kind: Kind, *, minors: bool) -> str:
    """What is shown."""
    text = _START if kind == "start" else _AGAIN
    return f"{text} {_MINORS}" if minors else text
