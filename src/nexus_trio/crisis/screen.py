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

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from nexus_trio.crisis.entries import Entry
from nexus_trio.crisis.frames import Frame
from nexus_trio.crisis.levels import RANK, Level, highest
from nexus_trio.crisis.lookup import FOUND, Match, look_up
from nexus_trio.crisis.normalise import normalise
from nexus_trio.crisis.phrasebook import load
from nexus_trio.crisis.phrases import END, START
from nexus_trio.crisis.repair import Repair

STEPS: Final = 5_000
"""Steps in the tree that one message may cost, and half as many for its guards.

The longest ordinary messages take less. Words that are there to be
slow take more: what is left of such a text is searched for the plainest phrases
alone (`rote`), and no guard lowers them.
"""

FEW: Final = 32
"""Words that a message may have for a frame to reach over the ends of its sentences."""

MANY: Final = 24
"""Words of a clause from which on a set of them is cheaper than a list."""

SHORT: Final = 8
"""Words that a message may have to be looked up as a whole."""


class Lexicon:
    """The book of phrases, and what is looked up of it for every message."""

    __slots__ = ("anchors", "book", "repair", "words")

    def __init__(self) -> None:
        self.book = load()
        self.words = self.book.spelling.words
        self.anchors = {word: frozenset(beside) for word, beside in self.book.anchors.items()}
        self.repair = Repair(self.book.spelling.glued)


@cache
def lexicon() -> Lexicon:
    """The one lexicon. Made when it is first asked for, which takes most of a second: a server
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


class _Clause:
    """A clause, and the cues in it. `follows`: only a comma stands between it and the last one."""

    __slots__ = ("_tokens", "cues", "follows", "words")

    def __init__(self, words: list[str], follows: bool) -> None:
        self.words = words
        self.follows = follows
        self.cues: list[Match] = []
        self._tokens: list[str] | None = None

    @property
    def tokens(self) -> list[str]:
        """The words as they are looked up, with START and END around them."""
        if self._tokens is None:
            tokens, known = [START], lexicon().words
            for word in self.words:
                same = known.get(word)
                if same is None:
                    tokens.append(word)
                else:
                    tokens += same
            tokens.append(END)
            self._tokens = tokens
        return self._tokens


_NOTHING: Final = Verdict()


def screen(text: str) -> Verdict:
    """The verdict on one message, in time linear in the first and last 4 KB of it.

    Any string is accepted: empty, of any length, with lone surrogates. Nothing
    is raised, nothing is kept, and equal texts give equal verdicts. No
    checkpoint: it can be called where no task may be switched.
    """
    clauses = _clauses(lexicon().repair(normalise(text)))
    for clause in clauses:
        if clause.cues:
            return _judge(clauses)
    return _NOTHING


def _clauses(plain: str) -> list[_Clause]:
    """Every clause that has words, with the cues in it."""
    found: list[_Clause] = []
    book = lexicon().book
    left, spoken = STEPS, 0
    sentences = plain.split(".")
    for number, sentence in enumerate(sentences):
        here: list[_Clause] = []
        for clause in sentence.split(","):
            if len(clause) > 1:  # one letter is no clause
                made = _Clause(clause.split(), bool(here))
                here.append(made)
                if _may_have_a_cue(made.words):
                    left = look_up(book.cues, made.tokens, made.cues, left - FOUND)
                    if left <= 0:
                        return [*found, *here, _by_rote(" ".join(sentences[number:]))]
        if here:
            spoken += 1
            found += here
            if frames := _frames_of(here, book.frames.frames):
                left = _frame(here, frames, left)
                if left <= 0:
                    return [*found, _by_rote(" ".join(sentences[number + 1 :]))]
    if spoken > 1 and sum([len(clause.words) for clause in found]) <= FEW:
        over = _frames_of(found, book.frames.over)
        if over:
            _frame(found, over, left)
    if len(found) == 1 and len(found[0].words) <= SHORT:
        look_up(book.whole, found[0].tokens, found[0].cues, left)
    return found


def _frame(clauses: list[_Clause], frames: list[Frame], left: int) -> int:
    """Add what stands in a whole sentence to the clause in which it begins; the steps left."""
    tokens: list[str] = []
    begins: list[int] = []
    for clause in clauses:
        begins.append(len(tokens))
        tokens += clause.tokens
    found, left = lexicon().book.frames.look(tokens, frames, left)
    for start, end, entry in found:
        at = bisect_right(begins, start) - 1
        begin = begins[at]
        clause = clauses[at]
        clause.cues.append((start - begin, min(end - begin, len(clause.tokens)), entry))
    return left


def _frames_of(clauses: list[_Clause], frames: list[Frame]) -> list[Frame]:
    """Those of the frames for which these clauses have the words."""
    words = clauses[0].words
    if len(clauses) > 1:
        words = [word for clause in clauses for word in clause.words]
    return lexicon().book.frames.may_stand(words, frames)


def _may_have_a_cue(words: list[str]) -> bool:
    """Whether a clause has two words that some cue needs. Most clauses have not."""
    anchors = lexicon().anchors
    # Of many words each once: one word, again and again, would cost its square otherwise.
    spoken = words if len(words) < MANY else set(words)
    for word in spoken:
        beside = anchors.get(word)
        if beside is not None and not beside.isdisjoint(spoken):
            return True
    return False


def _by_rote(rest: str) -> _Clause:
    """The plainest phrases of what is left, as they stand: quick, and held by no guard."""
    clause = _Clause(rest.replace(",", " ").split(), False)
    around = f" {' '.join(clause.words)} "
    clause.words = []
    clause.cues = [
        (0, 0, entry) for phrase, entry in lexicon().book.rote.items() if f" {phrase} " in around
    ]
    return clause


def _judge(clauses: list[_Clause]) -> Verdict:
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


def _guards_of(clauses: list[_Clause]) -> list[list[Match]]:
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
    clause: _Clause, guards: list[Match], earlier: list[Match], later: list[Match]
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
