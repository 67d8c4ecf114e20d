"""Reads one message and says how much it worries us. Pure: no I/O, no clock, no state.

A message is brought to one spelling, cut into clauses, and looked up word by
word in the tree of phrases. Each cue found keeps its level, unless a guard of
the same clause (negation, past, fiction, idiom, somebody else) lowers it; a
guard gives way where other words of the writer stand against it. The verdict is
the highest level that stands.

Not a diagnosis, and not clinically validated: a lexicon misses what it has no
words for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

from nexus_trio.crisis.levels import RANK, Level, highest
from nexus_trio.crisis.normalise import normalise, rejoin
from nexus_trio.crisis.phrasebook import (
    ANY,
    END,
    HERE,
    NO_WILD,
    NUMBER,
    START,
    Entry,
    Node,
    load,
)

BOOK: Final = load()

_WORDS: Final = BOOK.spelling.words
_LONG_WORD: Final = 8  # letters: shorter words hold no glued phrase


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


class _Match(NamedTuple):
    start: int
    end: int
    entry: Entry


class _Clause(NamedTuple):
    tokens: list[str]  # with START and END around them
    follows: bool  # only a comma or a colon stands between it and the one before
    cues: list[_Match]


_NOTHING: Final = Verdict()


def screen(text: str) -> Verdict:
    """The verdict on one message, in time linear in the first and last 4 KB of it.

    Any string is accepted: empty, of any length, with lone surrogates. Nothing
    is raised, nothing is kept, and equal texts give equal verdicts. No
    checkpoint: it can be called where no task may be switched.
    """
    plain = normalise(text)
    clauses = _clauses(plain)
    joined = rejoin(plain)
    if joined is not plain:
        clauses += _clauses(joined)
    # Most messages hold no cue: guards are looked up only where there is one.
    return _judge(clauses) if any(clause.cues for clause in clauses) else _NOTHING


def _clauses(plain: str) -> list[_Clause]:
    """Every clause that has words, with the cues in it."""
    found: list[_Clause] = []
    for sentence in plain.split("."):
        follows = False
        for clause in sentence.split(","):
            if len(clause) > 1:  # one letter is no clause
                found.append(_read(clause.split(), follows))
                follows = True
    return found


def _read(words: list[str], follows: bool) -> _Clause:
    tokens = [START]
    cues: list[_Match] = []
    for word in words:
        same = _WORDS.get(word)
        if same is not None:
            tokens += same
            continue
        tokens.append(word)
        if len(word) >= _LONG_WORD:
            cues += [_Match(0, 0, entry) for glued, entry in BOOK.glued if glued in word]
    tokens.append(END)
    cues += _matches(BOOK.cues, tokens)
    return _Clause(tokens, follows, cues)


def _matches(root: Node, tokens: list[str]) -> list[_Match]:
    found: list[_Match] = []
    for at, token in enumerate(tokens):
        if token in root:
            _walk(root[token], tokens, at, found)
        elif token.isdigit() and NUMBER in root:
            _walk(root[NUMBER], tokens, at, found)
    return found


def _walk(node: Node, tokens: list[str], start: int, found: list[_Match]) -> None:
    """Adds every entry whose phrase begins at `start`. Depth is that of the tree."""
    todo: list[tuple[Node, int]] = []  # other ways on, where a gap leaves a choice
    at = start + 1
    while True:
        if HERE in node:
            found += [_Match(start, at, entry) for entry in node[HERE]]
        token = tokens[at] if at < len(tokens) else HERE
        follow = node.get(token) if token else None
        if ANY in node and token not in NO_WILD:
            todo.append((node[ANY], at + 1))
        if NUMBER in node and token.isdigit():
            todo.append((node[NUMBER], at + 1))
        if follow is not None:
            node, at = follow, at + 1
        elif todo:
            node, at = todo.pop()
        else:
            return


def _judge(clauses: list[_Clause]) -> Verdict:
    guards = [_matches(BOOK.guards, clause.tokens) for clause in clauses]
    said = {match.entry for found in guards for match in found}
    assent = any(entry.kind == "assent" for entry in said)
    others = {m.entry.id for clause in clauses for m in clause.cues if m.entry.kind == "other"}
    pairs: list[tuple[Entry, list[Entry]]] = []
    for at, clause in enumerate(clauses):
        if clause.cues:
            pairs += _guarded(clause, guards[at], guards[at - 1] if clause.follows else [])
    distress = any(cue.level == "concern" and not held for cue, held in pairs)
    standing: dict[str, Level] = {}
    for cue, held in pairs:
        holding = [] if assent else [g for g in held if not (distress and g.yields)]
        others.update(guard.id for guard in holding if guard.about_other)
        level = min((g.lowers_to for g in holding), key=RANK.__getitem__, default=cue.level)
        if level != "none":
            standing[cue.id] = highest(standing.get(cue.id, "none"), level)
    return _verdict(standing, {entry.id for entry in said if entry.kind == "hint"}, others)


def _verdict(standing: dict[str, Level], hints: set[str], others: set[str]) -> Verdict:
    whole = {name for name, level in standing.items() if level == BOOK.entries[name].level}
    for rule in BOOK.together:
        if all(not (whole | hints).isdisjoint(group) for group in rule.groups):
            standing[rule.id] = rule.level
    because = sorted(standing, key=lambda name: (-RANK[standing[name]], name))
    return Verdict(highest(*standing.values()), (*because, *sorted(others)), bool(others))


def _guarded(
    clause: _Clause, guards: list[_Match], earlier: list[_Match]
) -> Iterator[tuple[Entry, list[Entry]]]:
    """Every cue of a clause, with the guards that hold it."""
    before: dict[int, set[Entry]] = {}
    after: dict[int, set[Entry]] = {}
    over: dict[int, set[Entry]] = {}
    around = {match.entry for match in earlier if match.entry.place == "speech"}
    for start, end, entry in guards:
        if entry.place == "before":
            before.setdefault(end, set()).add(entry)
        elif entry.place == "after":
            after.setdefault(start, set()).add(entry)
        elif entry.place == "over":
            for at in range(start, end):
                over.setdefault(at, set()).add(entry)
        elif entry.place == "clause":
            around.add(entry)
    for start, end, cue in clause.cues:
        if cue.kind == "cue":
            near = around.union(before.get(start, ()), after.get(end, ()))
            near.update(*(over.get(at, ()) for at in range(start, end)))
            yield cue, [guard for guard in near if RANK[guard.lowers_to] < RANK[cue.level]]
