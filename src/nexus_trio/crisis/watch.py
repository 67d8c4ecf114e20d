"""Folds the verdicts of one session, turn by turn. Pure: nothing but that session's words.

What each verdict does to the watch of its session:

| verdict | score | fires | streak | own level |
|---|---|---|---|---|
| `none` | times 0.8 | no | 0 | one turn nearer to fading |
| `concern` | times 0.8, + 1 | at 2.4: as `crisis`, score 0 | + 1 | at least `concern` |
| `crisis`, `imminent` | 0 | yes, by itself | + 1 | at least that |

So three turns of concern in a row (1, 1.8, 2.44) fire on the third, not before;
concern on every other turn fires on the ninth turn, on every third turn never.
An explicit turn clears the score, as an accumulated one does: both bring a
notice, and that notice has answered what led up to it. Without that, the next
low turn would bring a second one at once.

The own level rises at once and fades one step after `FADE_TURNS` turns in a row
below it. It fades by turns, never by time: a person who comes back after a
silent night has not become safer by it. Worry about somebody else (level
`none`) leaves the writer's own level alone, apart from that fading.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from nexus_trio.crisis.levels import LEVELS, RANK, Level, at_least, highest
from nexus_trio.crisis.screen import Verdict

DECAY: Final = 0.8
"""How much of the score one turn leaves: distress ten turns old weighs a tenth."""

FIRES_AT: Final = 2.4
"""Just below 1 + 0.8 + 0.64, so that the third turn in a row fires."""

FADE_TURNS: Final = 5
"""Turns below the own level before it sinks by one: 0.8 ** 5 is a third, so by then
most of what the score remembers of that time is gone too."""

Stored: TypeAlias = tuple[float, int, Level, int, int]


@dataclass(frozen=True, slots=True)
class Watch:
    """The crisis state of one session. It holds no text.

    `score` is within 0 and `FIRES_AT`, `streak` counts turns in a row at
    `concern` or above, `level` is the session's own, sticky one, `calm` counts
    turns in a row below it (0 to `FADE_TURNS` - 1), `notices` the crisis notices
    that the session has had.
    """

    score: float = 0.0
    streak: int = 0
    level: Level = "none"
    calm: int = 0
    notices: int = 0

    def to_tuple(self) -> Stored:
        """The plain values to store: score, streak, level, calm, notices."""
        return (self.score, self.streak, self.level, self.calm, self.notices)

    @classmethod
    def from_tuple(cls, stored: Sequence[object]) -> Watch:
        """The watch that `to_tuple` gave. Raises `ValueError` on anything else."""
        match stored:
            case (
                int() | float() as score,
                int() as streak,
                str() as name,
                int() as calm,
                int() as n,
            ):
                level = next((level for level in LEVELS if level == name), None)
                sound = math.isfinite(score) and 0 <= score < FIRES_AT and min(streak, n) >= 0
                if level is not None and sound and 0 <= calm < FADE_TURNS:
                    return cls(float(score), streak, level, calm, n)
        raise ValueError("not a stored watch: give score, streak, level, calm and notices")


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one turn comes to, with the session's earlier turns taken into account.

    `level` is this message's, after accumulation; `turns` how many turns in a
    row, this one included, were at `concern` or above; `detected` whether `level`
    is `crisis` or above; `accumulated` whether only the sum brought it there;
    `repeat` how many notices the session had before this turn.
    """

    level: Level
    turns: int
    detected: bool
    accumulated: bool
    repeat: int


def fold(watch: Watch, verdict: Verdict) -> tuple[Watch, Assessment]:
    """The watch after one more turn, and what that turn comes to. Never raises."""
    level = verdict.level
    score = watch.score * DECAY + (level == "concern")
    accumulated = level == "concern" and score >= FIRES_AT
    if accumulated:
        level = "crisis"
    detected = at_least(level, "crisis")
    streak = watch.streak + 1 if at_least(level, "concern") else 0
    own, calm = _sticky(watch, level)
    after = Watch(0.0 if detected else score, streak, own, calm, watch.notices + detected)
    return after, Assessment(level, streak, detected, accumulated, watch.notices)


def folded(watch: Watch, verdicts: Iterable[Verdict]) -> Watch:
    """The watch after one more turn for each of these."""
    for verdict in verdicts:
        watch, _ = fold(watch, verdict)
    return watch


def _sticky(watch: Watch, level: Level) -> tuple[Level, int]:
    """The session's own level after a turn at `level`, and the turns below it so far."""
    if at_least(level, watch.level):
        return highest(level, watch.level), 0
    if watch.calm + 1 < FADE_TURNS:
        return watch.level, watch.calm + 1
    return LEVELS[RANK[watch.level] - 1], 0
