"""Frames: notions that mean something where they stand near one another in a sentence.

A phrase says its words in their order; a frame says what must be spoken of, in
whatever words: asking, a drug, dying. A notion is a list of words and phrases
(`[notions]` in `lexicon/frames.toml`), a frame a list of patterns:

| written | means |
|---|---|
| `want > die` | in this order, with at most `gap` other words and no negation in between |
| `ask + drug + lethal` | in any order, all of them within `window` words |
| `(me) > want > die` | the first one must be there, and is no part of what is found |
| `broken_by` | notions that, like a negation, may not stand in between |
| `across` | it may reach over the end of a sentence, in a short message |
| `unless` | a notion that keeps the frame quiet, anywhere in the sentence but in its own notions |

What is found is a cue like any other: guards lower it at the place where it stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

from nexus_trio.crisis.entries import Entry, entry_of
from nexus_trio.crisis.lookup import FOUND, Match, look_up
from nexus_trio.crisis.phrases import Node, Reader, Trees
from nexus_trio.crisis.spelling import Spelling, Words
from nexus_trio.crisis.sure import Needs, Row, cost, unsure, wider

GAP: Final = 4
"""Other words that may stand between two notions of a pattern in order."""

WINDOW: Final = 14
"""Words within which the notions of a pattern in any order must stand."""

NEGATION: Final = "negation"
"""The notion that breaks a pattern in order where it stands between two of its notions."""

ENOUGH: Final = 3
"""Places of one frame in one sentence that are kept: a guard may lower the first of them."""


Notion: TypeAlias = tuple[int, int, int]
"""Where a notion starts and ends, and its bit: as an `int`, so that many are compared at once."""


@dataclass(frozen=True, slots=True, eq=False)  # one object per pattern: compared by identity
class Frame:
    """One pattern of a frame. `bits` of its notions, `all` of them, and what keeps it quiet."""

    entry: Entry
    bits: tuple[int, ...]
    all: int
    unless: int
    in_order: bool
    reach: int
    lead: bool = False
    across: bool = False
    breaks: int = 0

    def kept_quiet(self, notions: list[Notion]) -> bool:
        """Whether a notion of `unless` stands outside of all the frame's own."""
        own = [(start, end) for start, end, bit in notions if bit & self.all]
        return any(
            bit & self.unless and not any(a <= start and end <= b for a, b in own)
            for start, end, bit in notions
        )

    def places(self, notions: list[Notion]) -> list[Match]:
        """Where the frame stands among notions that are sorted by where they begin."""
        return (self._in_order if self.in_order else self._anywhere)(notions)

    def _in_order(self, notions: list[Notion]) -> list[Match]:
        found: list[Match] = []
        last, heeded = len(self.bits) - 1, self.all | self.breaks
        begun: list[tuple[int, int] | None] = [None] * (last + 1)  # start of all, end so far
        heard = [notion for notion in notions if notion[2] & heeded]
        for start, here in groupby(heard, key=itemgetter(0)):
            ends = [(bit, end) for _, end, bit in here]
            # From the last one back: what begins here can't follow what begins here.
            for at in range(last, -1, -1):
                before = begun[at - 1] if at else (start, start)
                if before is None or not 0 <= start - before[1] <= self.reach:
                    continue
                first = start if self.lead and at == 1 else before[0]
                for bit, end in ends:
                    if bit & self.bits[at]:
                        begun[at] = first, end
                        if at == last:
                            found.append((first, end, self.entry))
            if len(found) >= ENOUGH:
                break
            if self.breaks and any(bit & self.breaks for bit, _ in ends):
                # What follows is not what was begun, unless it begins with that very "not".
                for at in range(self.lead, last):
                    if (state := begun[at]) and state[1] <= start:
                        begun[at] = None
        return found

    def _anywhere(self, notions: list[Notion]) -> list[Match]:
        found: list[Match] = []
        seen: dict[int, tuple[int, int]] = {}
        for start, end, bit in notions:
            for wanted in self.bits:
                if bit & wanted:
                    seen[wanted] = start, end
            if len(seen) == len(self.bits) and bit & self.all:
                first = min(place[0] for place in seen.values())
                final = max(place[1] for place in seen.values())
                if final - first <= self.reach:
                    found.append((first, final, self.entry))
                    if len(found) >= ENOUGH:
                        break
        return found


class Around(NamedTuple):
    """Sets of which a word each stands around a word, or is that very one."""

    before: tuple[Needs, ...]
    after: tuple[Needs, ...]
    either: tuple[Needs, ...]
    back: int  # tokens before it among which that stands
    ahead: int  # and behind it
    notions: tuple[int, ...]  # the bits of those that must be there as well


_Rare: TypeAlias = tuple[tuple[frozenset[str], tuple[Frame, ...]], ...]
_Keys: TypeAlias = dict[str, tuple[tuple[frozenset[str], _Rare], ...]]


def _across(rarest: dict[int, _Rare]) -> dict[int, _Rare]:
    """The same, with those frames alone that reach over the end of a sentence."""
    found: dict[int, _Rare] = {}
    for bit, rare in rarest.items():
        over = [(words, tuple(f for f in frames if f.across)) for words, frames in rare]
        if kept := tuple((words, frames) for words, frames in over if frames):
            found[bit] = kept
    return found


class Frames:
    """All frames, the tree of their notions, and the words without which there is none."""

    __slots__ = (
        "_needs",
        "_over",
        "bits",
        "entries",
        "frames",
        "hints",
        "keys",
        "sure",
        "told",
        "tree",
    )

    def __init__(self, spelling: Spelling, table: dict[str, Any]) -> None:
        """`table` is a file of frames as it is written. Raises `ValueError` on a malformed one."""
        self.entries: dict[str, Entry] = {}
        self.frames: list[Frame] = []
        self.bits: dict[Entry, int] = {}
        # For a word: each notion that it may stand for, with the words of which one stands by it.
        self._needs: dict[str, dict[int, set[str]]] = {}
        self.hints: dict[str, tuple[tuple[int, frozenset[str]], ...]] = {}
        self.sure: dict[str, set[Around]] = {}
        self.told: dict[int, list[Row]] = {}  # what every text of a notion has, by its bit
        # For a word of a rare notion: those that stand by it, and what the notion's frames need.
        self.keys: _Keys = {}
        self._over: _Keys = {}  # the same of the frames that reach over the ends of sentences
        bits: dict[str, int] = {}
        trees = Trees()
        roots: dict[str, list[Node]] = {}
        for number, (name, phrases) in enumerate(table.get("notions", {}).items()):
            notion = Entry(name, "notion", "none")
            bits[name] = self.bits[notion] = 1 << number
            end = trees.node({"": (notion,)})
            for phrase in phrases:
                tree, rows = Reader(spelling, trees, phrase).read(end)
                self.told[bits[name]] = [*self.told.get(bits[name], ()), *rows]
                for row in rows:
                    first, *more = sorted(row.sets, key=cost)
                    for word in first:
                        beside = self._needs.setdefault(word, {}).setdefault(bits[name], set())
                        beside.update(more[0] if more else (word,))
                for word, child in tree.items():
                    roots.setdefault(word, []).append(child)
        self.tree: Node = {word: trees.merge(found) for word, found in roots.items()}
        for row in table.get("frame", ()):
            entry = self.entries[row["id"]] = entry_of(row, table.get("level", "none"))
            for pattern in row["patterns"]:
                self._add(entry, pattern, row, bits)

    def _add(
        self,
        entry: Entry,
        pattern: str,
        row: dict[str, Any],
        bits: dict[str, int],
    ) -> None:
        in_order, across = ">" in pattern, row.get("across", False)
        names = [name.strip(" ()") for name in pattern.split(">" if in_order else "+")]
        unknown = {*names, *row.get("unless", ()), *row.get("broken_by", ())} - bits.keys()
        if unknown:
            raise ValueError(f"the pattern {pattern!r} of {entry.id!r} names no notions: {unknown}")
        self.frames.append(
            Frame(
                entry=entry,
                bits=tuple(bits[name] for name in names),
                all=sum({bits[name] for name in names}),
                unless=sum({bits[name] for name in row.get("unless", ())}),
                in_order=in_order,
                reach=row.get("gap", GAP) if in_order else row.get("window", WINDOW),
                lead=pattern.startswith("("),
                across=across,
                breaks=sum(
                    {bits[name] for name in row.get("broken_by", ())}, bits.get(NEGATION, 0)
                ),
            )
        )

    def as_written(self, plain: dict[str, Words]) -> None:
        """Ask for the words as they are written: `plain` has what each of them stands for."""
        written: dict[str, set[str]] = {}
        for variant, words in plain.items():
            for word in words:
                written.setdefault(word, set()).add(variant)
        hints: dict[str, dict[int, frozenset[str]]] = {}
        widened: dict[frozenset[str], frozenset[str]] = {}  # most words of a notion have the same
        for word, notions in self._needs.items():
            for bit, by in notions.items():
                beside = frozenset(by)
                if beside not in widened:
                    widened[beside] = beside.union(*(written.get(other, ()) for other in beside))
                for variant in (word, *written.get(word, ())):
                    more = widened[beside]
                    # What is written for a word may stand for the one beside it, too ("wanna").
                    if not beside.isdisjoint(plain.get(variant, ())):
                        more |= {variant}
                    known = hints.setdefault(variant, {})
                    known[bit] = known[bit] | more if bit in known else more
        self.hints = {word: tuple(notions.items()) for word, notions in hints.items()}
        rarest = self._rarest()
        self.keys = self._keys(rarest)
        self._over = self._keys(_across(rarest))
        self.told = {bit: wider(rows, written) for bit, rows in self.told.items()}
        self.sure = self._sure()

    def _keys(self, rarest: dict[int, _Rare]) -> _Keys:
        return {
            word: found
            for word, notions in self.hints.items()
            if (found := tuple((beside, rarest[bit]) for bit, beside in notions if bit in rarest))
        }

    def _rarest(self) -> dict[int, _Rare]:
        """Of each frame the notion that the fewest texts have, by its bit: the words of the next
        rarest, with the frames of both."""
        costs: dict[int, float] = {}
        for word, notions in self._needs.items():
            for bit, beside in notions.items():
                alone = cost(frozenset([word]))
                costs[bit] = costs.get(bit, 0) + min(alone, cost(frozenset(beside)))
        words: dict[int, set[str]] = {}
        for word, hints in self.hints.items():
            for bit, _ in hints:
                words.setdefault(bit, set()).add(word)
        frozen = {bit: frozenset(spoken) for bit, spoken in words.items()}
        found: dict[int, dict[int, list[Frame]]] = {}
        for frame in self.frames:
            bit, *more = sorted(set(frame.bits), key=lambda bit: (costs[bit], bit))
            found.setdefault(bit, {}).setdefault(more[0] if more else bit, []).append(frame)
        return {
            bit: tuple((frozen[other], tuple(of_both)) for other, of_both in by.items())
            for bit, by in found.items()
        }

    def _sure(self) -> dict[str, set[Around]]:
        """For a word of a rare notion, what a sentence with one of its frames has around it: more
        of that notion, and of every other one a word, and one that is beside such a word."""
        words: dict[int, set[str]] = {}
        near: dict[int, set[str]] = {}
        for word, notions in self.hints.items():
            for bit, beside in notions:
                words.setdefault(bit, set()).add(word)
                near.setdefault(bit, set()).update(beside)
        told = {bit: (frozenset(words[bit]), frozenset(near[bit])) for bit in words}
        most = {bit: unsure(rows).gaps[0] for bit, rows in self.told.items()}
        found: dict[str, set[Around]] = {}
        for bit, rare in self._rarest().items():
            for frame in chain.from_iterable(of_both for _, of_both in rare):
                place = frame.bits.index(bit)
                earlier, later = (
                    tuple(chain.from_iterable(told[other] for other in others if other != bit))
                    for others in (frame.bits[:place], frame.bits[place + 1 :])
                )
                back = sum(most[other] + frame.reach for other in frame.bits[:place])
                ahead = sum(most[other] + frame.reach for other in frame.bits[place + 1 :])
                others = tuple([other for other in frame.bits if other != bit])
                for row in self.told[bit]:
                    at = row.rarest
                    before, after = row.sets[:at], row.sets[at + 1 :]
                    if frame.in_order:
                        spread = back + row.before(at), ahead + row.behind(at)
                        around = Around(earlier + before, after + later, (), *spread, others)
                    else:
                        reach = frame.reach
                        around = Around(before, after, earlier + later, reach, reach, others)
                    for word in row.sets[at]:
                        found.setdefault(word, set()).add(around)
        return found

    def may_stand(self, spoken: set[str], *, over: bool = False) -> list[Frame]:
        """The frames that have a word of each notion among these, as written.

        `over`: those alone that reach over the end of a sentence.
        """
        # Most texts have none of the rarest notions, and are asked for no others.
        likely: list[Frame] = []
        keys = self._over if over else self.keys
        for word in keys.keys() & spoken:
            for beside, rare in keys[word]:
                if not beside.isdisjoint(spoken):
                    for other, of_both in rare:
                        if not other.isdisjoint(spoken):
                            likely += of_both
        if not likely:
            return []
        missing, hints = 0, self.hints
        for frame in likely:
            missing |= frame.all
        for word in spoken:
            notions = hints.get(word)
            if notions is not None:
                for bit, beside in notions:
                    if bit & missing and not beside.isdisjoint(spoken):
                        missing ^= bit
        found = {frame for frame in likely if not frame.all & missing}
        return [frame for frame in self.frames if frame in found] if found else []

    def look(self, tokens: list[str], frames: list[Frame], left: int) -> tuple[list[Match], int]:
        """Where these frames stand among the tokens of a sentence, and the steps still left."""
        met: list[Match] = []
        left = look_up(self.tree, tokens, met, left)
        if left <= 0:
            return [], left
        notions = sorted([(start, end, self.bits[entry]) for start, end, entry in met])
        there = 0
        for _, _, bit in notions:
            there |= bit
        found: list[Match] = []
        for frame in frames:
            if frame.all & there != frame.all:
                continue
            left -= FOUND + len(notions)
            if left <= 0:
                break
            if not (frame.unless & there and frame.kept_quiet(notions)):
                found += frame.places(notions)
        return found, left
