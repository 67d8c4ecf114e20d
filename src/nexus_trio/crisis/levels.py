"""The four levels of risk, in order: none, concern, crisis, imminent.

| level | when |
|---|---|
| `none` | nothing was said that the lexicon knows |
| `concern` | distress, hopelessness, burden, being trapped; no wish to die said |
| `crisis` | a wish to be dead, active thoughts, self-harm, asking for a method |
| `imminent` | intent, plan, means at hand, a time, an act under way, a goodbye |

The order follows the Columbia Suicide Severity Rating Scale: `crisis` is its
items 1 to 3, `imminent` its items 4 and 5 and preparatory acts. The words are
those of the wire, so a level is a plain string everywhere.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

Level: TypeAlias = Literal["none", "concern", "crisis", "imminent"]

LEVELS: Final[tuple[Level, ...]] = ("none", "concern", "crisis", "imminent")

RANK: Final[dict[Level, int]] = {level: rank for rank, level in enumerate(LEVELS)}


def at_least(level: Level, floor: Level) -> bool:
    """Whether `level` is `floor` or above it. Raises `KeyError` on any other string."""
    return RANK[level] >= RANK[floor]


def highest(*levels: Level) -> Level:
    """The highest of `levels`; `none` where there are none."""
    return max(levels, key=RANK.__getitem__, default="none")
