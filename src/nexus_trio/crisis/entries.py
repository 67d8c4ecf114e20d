"""The rows of the lexicon: what each entry is, and which of them mean more together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from nexus_trio.crisis.levels import RANK, Level

PLACES: Final = ("", "before", "after", "over", "clause", "ahead", "speech", "echo")
KINDS: Final = ("cue", "part", "guard", "other", "assent", "hint")


@dataclass(frozen=True, slots=True, eq=False)  # one object per id: compared by identity
class Entry:
    """One row of the lexicon.

    A cue has a `level` above `none`. A guard lowers the cues at its `place` to
    `lowers_to`; one that `yields` does so only where no distress stands beside
    it. `about_other` marks words about somebody else. `of` names the cues that a
    guard lowers; where it is empty, all. A cue that is `like` another is lowered by
    what lowers that one; one that is the writer's `own` whatever it is said to be for, by
    no guard that is about others or of something `told`.
    """

    id: str
    kind: str
    level: Level
    place: str = ""
    lowers_to: Level = "none"
    yields: bool = True
    about_other: bool = False
    of: frozenset[str] = frozenset()
    like: str = ""
    own: bool = False
    told: bool = False

    def lowers(self, cue: Entry) -> bool:
        """Whether this guard, where it stands, lowers this cue."""
        if cue.own and (self.about_other or self.told):
            return False
        meant = not self.of or cue.id in self.of or cue.like in self.of
        return meant and RANK[self.lowers_to] < RANK[cue.level]


@dataclass(frozen=True, slots=True)
class Together:
    """Cues that mean more when one message holds one of each group."""

    id: str
    level: Level
    groups: tuple[tuple[str, ...], ...]


def entry_of(row: dict[str, Any], default: str) -> Entry:
    """The entry that a row of a file describes. Raises `ValueError` on an unknown kind."""
    kind, level = row.get("kind", "cue"), row.get("level", default)
    entry = Entry(
        id=row["id"],
        kind=kind,
        level=cast(Level, level),
        place=row.get("place", ""),
        lowers_to=row.get("lowers_to", "none"),
        yields=row.get("yields", True),
        about_other=row.get("about_other", kind == "other"),
        of=frozenset(row.get("of", ())),
        like=row.get("like", ""),
        own=row.get("own", False),
        told=row.get("told", False),
    )
    sound = kind in KINDS and entry.place in PLACES and {level, entry.lowers_to} <= RANK.keys()
    if not sound or (kind == "cue") != (level != "none"):
        raise ValueError(f"the entry {entry.id!r} has an unknown kind, level or place")
    return entry
