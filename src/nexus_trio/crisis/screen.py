"""Reads one message and says how much it worries us. Pure: no I/O, no clock, no state.

A message is brought to one spelling, mended where letters were set apart or
words run together, cut into clauses, and looked up word by word in the tree of
phrases. Each cue found keeps its level, unless a guard (negation, past, fiction,
idiom, somebody else) lowers it; a guard gives way where other words of the
writer stand against it. The verdict is the highest level that stands.

Not a diagnosis, and not clinically validated: a lexicon misses what it has no
words for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from nexus_trio.crisis.entries import Entry
from nexus_trio.crisis.levels import RANK, Level, highest
from nexus_trio.crisis.lookup import Match, look_up
from nexus_trio.crisis.needs import Needs
from nexus_trio.crisis.normalise import normalise
from nexus_trio.crisis.phrasebook import load, nothing_collected
from nexus_trio.crisis.reading import Clause, Reading
from nexus_trio.crisis.repair import Repair

STEPS: Final = 5_000
"""Steps in the tree that one message may cost, and half as many for its guards.

The longest ordinary messages take less. Words that are there to be
slow take more: what is left of such a text is searched for the plainest phrases
alone (`rote`), and no guard lowers them.
"""


class Lexicon:
    """The book of phrases, and what is looked up of it for every message."""

    __slots__ = ("book", "needs", "repair")

    def __init__(self) -> None:
        with nothing_collected():
            self.book = load()
            self.needs = Needs(self.book)
            self.repair = Repair(self.book.spelling.glued)


@cache
def lexicon() -> Lexicon:
    """The one lexicon. Made when it is first asked for, which takes a second or two: a server
    does that before it listens, and a command that screens nothing never does."""
    return Lexicon()


# Words that begin a new thought: guards do not reach over them. So does "and i".
_TURNS: Final = frozenset({"but", "because", "though", "although"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What `screen` found. It holds no text, only the ids of lexicon entries.

    `because` names the entries that stand, the gravest first; it is empty just
    where `level` is `none` and `about_other` is false. `about_other`: the
    message speaks of somebody else at risk; with it, `level` is still the
    writer's own, and `none` where they say nothing of themselves.
    """

    level: Level = "none"
    because: tuple[str, ...] = ()
    about_other: bool = False


_NOTHING: Final = Verdict()


def screen(text: str) -> Verdict:
    """The verdict on one message, in time linear in the first and last 4 KB of it.

    Any string is accepted: empty, of any length, with lone surrogates. Nothing
    is raised, nothing is kept, and equal texts give equal verdicts. No
    checkpoint: it can be called where no task may be switched.
    """
    known = lexicon()
    plain = known.repair(normalise(text))
    clauses = Reading(known.book, known.needs, STEPS).read(plain)
    for clause in clauses:
        if clause.cues:
            return _judge(clauses)
    return _NOTHING


def _judge(clauses: list[Clause]) -> Verdict:
    guards = _guards_of(clauses)
    met = {entry for clause in clauses for _, _, entry in clause.cues}
    said = met.union([entry for found in guards for _, _, entry in found])
    assent = any(entry.kind == "assent" for entry in said)
    others = {entry.id for entry in met if entry.kind == "other"}
    pairs: list[tuple[Entry, list[Entry]]] = []
    for at, clause in enumerate(clauses):
        if clause.cues:
            before = guards[at - 1] if clause.follows else []
            behind = guards[at + 1] if at + 1 < len(clauses) and clauses[at + 1].follows else []
            pairs += _guarded(clause, guards[at], before, behind)
    free = {cue for cue, held in pairs if assent or not held}
    distress = any(cue.level == "concern" for cue, held in pairs if not held)
    standing: dict[str, Level] = {cue.id: cue.level for cue in free}
    for cue, held in pairs:
        if held and not assent:
            holding = [guard for guard in held if not (distress and guard.yields)]
            others.update(guard.id for guard in holding if guard.about_other)
            level = min((g.lowers_to for g in holding), key=RANK.__getitem__, default=cue.level)
            if level != "none":
                standing[cue.id] = highest(standing.get(cue.id, "none"), level)
    return _verdict(
        standing, {entry.id for entry in said if entry.kind in ("hint", "part")}, others
    )


def _guards_of(clauses: list[Clause]) -> list[list[Match]]:
    """The guards in every clause; where there is no cue near, just those that matter anyhow."""
    guards: list[list[Match]] = [[] for _ in clauses]
    left, book = STEPS // 2, lexicon().book
    spoken = [False, *(bool(clause.cues) for clause in clauses), False]
    for at, clause in enumerate(clauses):
        if left > 0:
            # Guards matter in a clause with a cue and next to it.
            near = spoken[at] or spoken[at + 1] or spoken[at + 2]
            tree = book.guards if near else book.asides
            left = look_up(tree, clause.tokens, guards[at], left)
    return guards


def _verdict(standing: dict[str, Level], hints: set[str], others: set[str]) -> Verdict:
    book = lexicon().book
    whole = {name for name, level in standing.items() if level == book.entries[name].level}
    for rule in book.together:
        if all(not (whole | hints).isdisjoint(group) for group in rule.groups):
            standing[rule.id] = rule.level
    because = sorted(standing, key=lambda name: (-RANK[standing[name]], name))
    return Verdict(highest(*standing.values()), (*because, *sorted(others)), bool(others))


def _guarded(
    clause: Clause, guards: list[Match], earlier: list[Match], later: list[Match]
) -> Iterator[tuple[Entry, list[Entry]]]:
    """Every cue of a clause, with the guards that hold it."""
    around = {entry for _, _, entry in earlier if entry.place == "speech"}
    around |= {entry for _, _, entry in later if entry.place == "echo"}
    tokens = clause.tokens
    stand = _Standing(guards, tokens) if guards else None
    for start, end, cue in clause.cues:
        if cue.kind == "cue":
            near = around if stand is None else stand.near(start, end).union(around)
            yield cue, [guard for guard in near if guard.lowers(cue)]


class _Standing:
    """Where the guards of a clause stand."""

    __slots__ = ("_after", "_before", "_over", "_reaching", "_segments", "_tokens")

    def __init__(self, guards: list[Match], tokens: list[str]) -> None:
        self._tokens = tokens
        self._before: dict[int, list[Entry]] = {}
        self._after: dict[int, list[Entry]] = {}
        self._over: dict[int, list[Entry]] = {}
        self._reaching: dict[int, dict[Entry, int]] = {}  # by thought: where each first begins
        self._segments: list[int] = []
        for start, end, entry in guards:
            place = entry.place
            if place == "before":
                self._before.setdefault(end, []).append(entry)
            elif place == "after":
                self._after.setdefault(start, []).append(entry)
            elif place == "over":
                for at in range(start, end):
                    self._over.setdefault(at, []).append(entry)
            elif place in ("clause", "ahead"):
                segments = self._segments or _segments(tokens)
                self._segments = segments
                for segment in {segments[start], segments[end - 1]}:
                    self._reaching.setdefault(segment, {}).setdefault(entry, start)

    def near(self, start: int, end: int) -> set[Entry]:
        """The guards that reach the words from `start` to `end`."""
        near = set(self._before.get(start, ()))
        near.update(self._after.get(end, ()))
        if start and self._tokens[start - 1] == "i":  # "not that | I want to die"
            near.update(self._before.get(start - 1, ()))
        if self._over:
            for at in range(start, end):
                near.update(self._over.get(at, ()))
        if self._reaching:
            segments = self._segments
            for segment in {segments[start], segments[max(end, 1) - 1]}:
                for guard, begun in self._reaching.get(segment, {}).items():
                    if guard.place == "clause" or begun < start:
                        near.add(guard)
        return near


def _segments(tokens: list[str]) -> list[int]:
    """The number of the thought that each token belongs to."""
    found, number = [], 0
    for at, token in enumerate(tokens):
        if token in _TURNS or (token == "and" and tokens[at + 1] == "i"):
            number += 1
        found.append(number)
    return found
