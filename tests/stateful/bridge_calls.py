"""Plain values of the oracle: calls, listeners, tokens, and the rule of low distress."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Plain = dict[str, Any]

TOKEN = re.compile(r"zq[a-z]+[0-9]+q")
"""Stands in every message, once: whose it is and which one."""

# A call that ended so may still have its effect later, or never.
OPEN_END = {"cancelled", "aborted", "store_unavailable"}


class Broken(AssertionError):
    """An invariant does not hold. `number` is the one."""

    def __init__(self, number: str, what: str) -> None:
        super().__init__(f"{number}: {what}")
        self.number = number


@dataclass(slots=True)
class Call:
    """One call of one user: when it began and ended, and how."""

    kind: str
    user: str
    room: str | None = None
    message: str = ""
    level: str = "none"
    mode: str = "ready"
    ref: str | None = None
    start: int = 0
    end: int = 0
    outcome: str = "waiting"
    answer: Plain = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)  # each room's position at the start

    @property
    def open(self) -> bool:
        """Whether its effect may still come."""
        return bool(self.start) and (not self.end or self.outcome in OPEN_END)


@dataclass(slots=True)
class Listener:
    """One connection and the frames that it was given."""

    user: str
    connected: int = 0
    left: bool = False
    code: int | None = None
    frames: int = 0
    turn: int = 0
    offsets: dict[str, int] = field(default_factory=dict)  # how far it hears each room; 0: it left


def token_of(text: str) -> str:
    """The token in a message."""
    return str(TOKEN.findall(text)[0])


def owner(token: str) -> str:
    """Whose token it is."""
    return token[2:-1].rstrip("0123456789")


Watch = tuple[float, int]
Verdict = tuple[str, bool, int]


def fold(watch: Watch, level: str) -> tuple[Watch, Verdict]:
    """The rule of low distress: the third turn in a row fires; an explicit one by itself."""
    score = watch[0] * 0.8 + (level == "concern")
    if level == "concern" and score >= 2.4:
        level = "crisis"
    streak = 0 if level == "none" else watch[1] + 1
    fires = level == "crisis"
    return (0.0 if fires else score, streak), (level, fires, streak)


def verdict_of(crisis: Plain) -> Verdict:
    return crisis["level"], crisis["detected"], crisis["turns"]
