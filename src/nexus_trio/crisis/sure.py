"""Words that a phrase is sure to have: a text without them need not be looked through for it.

A phrase is told by rows, of which each of its texts fits one: sets of which it has a word
each, in their order, and how many tokens there may be around them. Pure.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

Needs: TypeAlias = frozenset[str]

SETS: Final = 4
"""Sets that a row is kept with: few texts that have a word of each, by chance, have none of a
fifth."""

MOST: Final = 8
"""Rows that one phrase is told by: where there were more, one stands for many."""

FREQUENT: Final = 900
"""The `cost` of a word that nearly every text has."""

# How often texts have a word, roughly, as `normalise` spells it. A phrase is known by its
# rarest words: most clauses have none of any phrase's, and are read no further.
_EVERYWHERE: Final = frozenset(
    re.findall(
        r"\w+",
        """a al am an and are as at be but by can do for from get go had has have he i if in is it
        its like me my no not of on one or out she so that the there they this to up was we what
        wil with would you your""",
    )
)
_COMMON: Final = frozenset(
    re.findall(
        r"\w+",
        """about after again any around away back because before being ben best beter come could
        day did does done down else enough even ever every everything fel find first friend god
        going got great hapy hard help here home how just kep know last let life litle lok long
        lot love made make makes man many may mean more most much name ned never new next night
        nothing now old only other over own part people place please put ready right said same say
        se should some something son stil stop sure take talk tel than thanks them then thing
        things think thought through time today tok try two un use very want way wek when where
        which who why work world year years""",
    )
)


@lru_cache(maxsize=4096)  # asked of the same few sets again and again, while phrases are read
def cost(needs: Needs) -> float:
    """How many texts have one of these words, roughly; infinite where none is named."""
    return sum(map(_cost, needs)) or math.inf


def _cost(word: str) -> int:
    return FREQUENT if word in _EVERYWHERE else 30 if word in _COMMON else 1


class Row(NamedTuple):
    """One way to tell a phrase, or a part of one, by `sets`, at most `SETS`.

    `gaps`: tokens that may stand before a word of the first set, between those of each two, and
    behind that of the last; one more than there are sets.
    """

    sets: tuple[Needs, ...]
    gaps: tuple[int, ...]

    @property
    def rarest(self) -> int:
        """Which of the sets the fewest texts have a word of."""
        return min(range(len(self.sets)), key=lambda at: cost(self.sets[at]))

    def before(self, at: int) -> int:
        """Tokens that may stand before the word of that set."""
        return sum(self.gaps[: at + 1]) + at

    def behind(self, at: int) -> int:
        """Tokens that may stand behind it."""
        return sum(self.gaps[at + 1 :]) + len(self.sets) - 1 - at

    def without(self, at: int) -> Row:
        """The row with one set less."""
        gap = self.gaps[at] + 1 + self.gaps[at + 1]
        sets = (*self.sets[:at], *self.sets[at + 1 :])
        return Row(sets, (*self.gaps[:at], gap, *self.gaps[at + 2 :]))


def joined(rows: Sequence[Row]) -> Row:
    """The row of parts that follow each other: of its sets, the rarest."""
    sets, gaps = rows[0]
    for row in rows[1:]:
        sets += row.sets
        gaps = (*gaps[:-1], gaps[-1] + row.gaps[0], *row.gaps[1:])
    whole = Row(sets, gaps)
    while len(whole.sets) > SETS:
        costs = [cost(needs) for needs in whole.sets]
        whole = whole.without(costs.index(max(costs)))
    return whole


def longest_of(rows: Iterable[Row]) -> tuple[Row, ...]:
    """The rows, those of the same sets as one with the longest gaps of them."""
    found: dict[tuple[Needs, ...], tuple[int, ...]] = {}
    for sets, gaps in rows:
        known = found.get(sets)
        found[sets] = gaps if known is None else tuple(map(max, known, gaps))
    return tuple([Row(*each) for each in found.items()])


def in_one(rows: Sequence[Row]) -> Row:
    """A row that holds where one of these does: by one word of each."""
    if not rows[0].sets:
        return unsure(rows)
    rarest = [(row, row.rarest) for row in rows]
    needs = frozenset[str]().union(*(row.sets[at] for row, at in rarest))
    before = max(row.before(at) for row, at in rarest)
    return Row((needs,), (before, max(row.behind(at) for row, at in rarest)))


def unsure(rows: Sequence[Row]) -> Row:
    """The row of what need not be there: as many tokens as the longest of these has."""
    return Row((), (max(sum(row.gaps) + len(row.sets) for row in rows),))


def told_apart(rows: Sequence[Row]) -> tuple[Row, ...]:
    """The rows: in one, if a single word tells them; those of frequent words apart."""
    if len(rows) == 1:
        return (rows[0],)
    apart = [row for row in rows if len(row.sets) > 1 and cost(row.sets[row.rarest]) >= FREQUENT]
    known = [row for row in rows if row not in apart]
    return (in_one(known), *apart) if known else tuple(apart)


def wider(rows: Iterable[Row], written: dict[str, set[str]]) -> list[Row]:
    """The rows, their sets with what else is written for one of their words."""
    rows = list(rows)
    sets = {
        needs: needs.union(*(written.get(word, ()) for word in needs))
        for needs in set(chain.from_iterable(row.sets for row in rows))
    }
    return [Row(tuple([sets[needs] for needs in row.sets]), row.gaps) for row in rows]
