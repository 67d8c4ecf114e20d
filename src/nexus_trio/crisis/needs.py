"""What must be in a sentence for a cue to stand there: most have not even that, and are not read.

Every phrase is sure to have a word of each of some sets (`sure.py`), and so has every frame. A
set is a bit here, and a word has the bits of the sets that it is in. So the bits of all words
of a sentence are put together, and compared with those that the phrases of its words need. Only
where all are there it is looked where they stand, and a frame is asked for its notions. That
touches little memory, which counts: between two messages the processor forgets a lexicon. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import chain
from typing import Final, NamedTuple, TypeAlias

from nexus_trio.crisis.frames import Around, Frames
from nexus_trio.crisis.phrasebook import Phrasebook
from nexus_trio.crisis.sure import Needs as Words
from nexus_trio.crisis.sure import Row, cost

PHRASE: Final = 1
FRAME: Final = 2
WHOLE: Final = 4
"""What a sentence may have: a phrase, a frame; or what it may be: a phrase that means something
where nothing else is said."""

_KINDS: Final = PHRASE | FRAME | WHOLE

_Known: TypeAlias = tuple[int, int, dict[int, list[int]]]
"""The bits of a word, those of which each of its rows has one (0 where it has none), and the rows
with each of those."""


class _Notion:
    """What a notion is told by, in bits of its own."""

    __slots__ = ("_bits", "_rows")

    def __init__(self, rows: list[Row]) -> None:
        self._bits, numbers = _numbered([row.sets for row in rows], 0)
        self._rows = {row.sets: sum({numbers[words] for words in row.sets}) for row in rows}

    def likely(self, words: list[str], looks: list[int]) -> bool:
        """Whether it may stand among these words."""
        there = 0
        for word in words:
            there |= self._bits.get(word, 0)
        for row, mask in self._rows.items():
            if there & mask == mask:
                looks[0] -= 1
                if looks[0] < 0 or _in_order(row, words):
                    return True
        return False


class _Closer(NamedTuple):
    """Of a row: the bits of what stands before its word, behind it, and on either side, and the
    tokens within which they do; and the notions that must be there, too."""

    before: int
    after: int
    either: int
    back: int
    ahead: int
    notions: tuple[_Notion, ...]


class Needs:
    """The words without which no cue of a book is in a sentence, nor in a clause.

    Made once from a book, and read-only. `likely` is the sharper question, `paired` the one whose
    cost has a bound for any text; neither says no where there is a cue.
    """

    __slots__ = ("_anchored", "_anchors", "_closer", "_dropped", "_known", "_pairs")

    def __init__(self, book: Phrasebook) -> None:
        same: dict[Words, Words] = {}  # equal sets are kept once
        self._anchors = {
            word: same.setdefault(words, words)
            for word, beside in book.anchors.items()
            for words in [frozenset(beside)]
        }
        self._anchored = frozenset(self._anchors)
        self._pairs = dict(self._anchors)
        for word, keys in book.frames.keys.items():
            self._pairs[word] = self._pairs.get(word, frozenset()).union(*(by for by, _ in keys))
        rote = {min(phrase.split(), key=lambda w: cost(frozenset([w]))) for phrase in book.rote}
        for word in rote:
            self._pairs[word] = self._pairs.get(word, frozenset()) | {word}
        self._dropped = frozenset(word for word, same in book.spelling.words.items() if not same)
        self._known: dict[str, _Known] = {}
        self._closer: dict[int, set[_Closer]] = {}
        self._fill(_rows_of(book), book.frames)

    def likely(self, words: list[str], looks: list[int]) -> int:
        """What there may be in a sentence of these words: the bits of `PHRASE` and so on.

        Where all is there that a row asks for, a closer look is taken: as often as the one number
        in `looks` says, which is counted down. Afterwards anything may be.
        """
        get, there = self._known.get, _KINDS
        near: dict[str, _Known] = {}
        for word in words:
            known = get(word)
            if known is not None:
                there |= known[0]
                if known[1]:
                    near[word] = known
        found = 0
        for word, (_, rarest, rows) in near.items():
            more = there & rarest
            while more:
                bit = more & -more  # the lowest
                more ^= bit
                for row in rows[bit]:
                    fits = there & row == row and not row & found
                    if fits and self._fits(row, word, words, looks):
                        found |= row & _KINDS
                        if found & _KINDS == _KINDS:
                            return found
        return found

    def _fits(self, mask: int, word: str, words: list[str], looks: list[int]) -> bool:
        """Whether what a row asks for stands around its word as it should."""
        heard = [each for each in words if each not in self._dropped]
        places = [at for at, each in enumerate(heard) if each == word]
        for before, after, either, back, ahead, notions in self._closer[mask]:
            for at in places:
                looks[0] -= 1 + len(notions)
                if looks[0] < 0:
                    return True
                start, end = max(at - back, 0), at + ahead + 1
                left = self._bits(heard[start : at + 1])
                if left & before == before:
                    right = self._bits(heard[at:end])
                    if right & after == after and (left | right) & either == either:
                        around = heard[start:end]
                        if all(notion.likely(around, looks) for notion in notions):
                            return True
        return False

    def _bits(self, words: list[str]) -> int:
        found = 0
        for word in words:
            if word in self._known:
                found |= self._known[word][0]
        return found

    def two(self, spoken: set[str]) -> bool:
        """Whether the words of a clause are two that some cue needs."""
        anchors = self._anchors
        return any(not anchors[word].isdisjoint(spoken) for word in self._anchored & spoken)

    def paired(self, spoken: set[str]) -> bool:
        """Whether the words of a sentence are two that some cue or frame needs."""
        pairs = self._pairs
        return any(not pairs[word].isdisjoint(spoken) for word in pairs.keys() & spoken)

    def _fill(self, rows: dict[str, set[tuple[int, Around]]], frames: Frames) -> None:
        """Give every set its bit, and every word what is known of it."""
        notions = {bit: _Notion(told) for bit, told in frames.told.items()}

        def rank(word: str) -> tuple[float, int, str]:
            # What most messages have comes first: small numbers are quickly compared.
            return -cost(frozenset([word])), -len(rows[word]), word

        sets = [sum(around[:3], ()) for word in sorted(rows, key=rank) for _, around in rows[word]]
        bits, numbers = _numbered(sets, 3)
        same: dict[int, int] = {}  # equal numbers are kept once
        for word in {*bits, *rows}:
            rarest, masks = 0, defaultdict[int, list[int]](list)
            for kind, around in rows.get(word, ()):
                before, after, either = (
                    sum({numbers[words] for words in side}) for side in around[:3]
                )
                mask = before | after | either | kind
                mask = same.setdefault(mask, mask)
                others = tuple([notions[bit] for bit in around.notions])
                closer = _Closer(before, after, either, around.back, around.ahead, others)
                self._closer.setdefault(mask, set()).add(closer)
                row = around.before + around.after + around.either
                bit = numbers[min(row, key=cost)] if row else kind
                rarest |= bit
                if mask not in masks[bit]:
                    masks[bit].append(mask)
            own = bits.get(word, 0)
            self._known[word] = (
                same.setdefault(own, own),
                same.setdefault(rarest, rarest),
                dict(masks),
            )


def _in_order(row: tuple[Words, ...], words: list[str]) -> bool:
    """Whether a word of each set stands behind one of the set before, or is the same: what is
    written in one may stand for several ("wanna")."""
    at = 0
    for needs in row:
        while words[at] not in needs:
            at += 1
            if at == len(words):
                return False
    return True


def _rows_of(book: Phrasebook) -> dict[str, set[tuple[int, Around]]]:
    """For each word of which one is in every sentence with a cue: what there may be, and what
    stands around that word."""
    found: dict[str, set[tuple[int, Around]]] = defaultdict(set)
    for kind, rows in ((PHRASE, book.sure), (WHOLE, book.sure_of_all)):
        for row in rows:
            at = row.rarest
            back, ahead = row.before(at), row.behind(at)
            around = Around(row.sets[:at], row.sets[at + 1 :], (), back, ahead, ())
            for word in row.sets[at]:
                found[word].add((kind, around))
    for word, framed in book.frames.sure.items():
        found[word].update([(FRAME, around) for around in framed])
    return found


def _numbered(rows: list[tuple[Words, ...]], first: int) -> tuple[dict[str, int], dict[Words, int]]:
    """For every word in these sets its bits, and for every set its own; from this one on."""
    numbers: dict[Words, int] = {}
    for words in chain.from_iterable(rows):
        numbers.setdefault(words, 1 << (first + len(numbers)))
    bits: dict[str, int] = {}
    for words, bit in numbers.items():
        for word in words:
            bits[word] = bits.get(word, 0) | bit
    return bits, numbers
