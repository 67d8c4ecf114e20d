"""Reads a message clause by clause: where the cues stand in it.

A message may cost so many steps in the tree (`screen.STEPS`), and what stands behind the
last of them is read otherwise. Most messages have no cue at all: a sentence is asked for three
words that some cue needs, and one that has but two of them is put by, its steps still owed.
Where nothing is found they may stay owed, for no walk would have found more. Where something
is, they are walked after all; and where that uses up the steps, all is read once more, in the
order in which it stands. So haste changes no verdict. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final, TypeAlias

from nexus_trio.crisis.frames import Frame
from nexus_trio.crisis.lookup import FOUND, Match, look_up
from nexus_trio.crisis.phrasebook import Phrasebook
from nexus_trio.crisis.phrases import END, START, cost
from nexus_trio.crisis.spelling import Words

FEW: Final = 32
"""Words that a message may have for a frame to reach over the ends of its sentences."""

SHORT: Final = 8
"""Words that a message may have to be looked up as a whole."""

HASTE: Final = 1_000
"""Characters that a message may have for sentences to be put by: to read a longer one once more
would cost too much."""

_Threes: TypeAlias = tuple[tuple[frozenset[str], frozenset[str]], ...]


class Clause:
    """A clause, and the cues in it. `follows`: only a comma stands between it and the last one."""

    __slots__ = ("_known", "_tokens", "cues", "follows", "words")

    def __init__(self, words: list[str], follows: bool, known: dict[str, Words]) -> None:
        self.words = words
        self.follows = follows
        self.cues: list[Match] = []
        self._known = known
        self._tokens: list[str] | None = None

    @property
    def tokens(self) -> list[str]:
        """The words as they are looked up, with START and END around them."""
        if self._tokens is None:
            tokens, known = [START], self._known
            for word in self.words:
                same = known.get(word)
                if same is None:
                    tokens.append(word)
                else:
                    tokens += same
            tokens.append(END)
            self._tokens = tokens
        return self._tokens


class Needs:
    """What must be in a sentence or a clause for a cue of the book to stand there.

    `pairs` gives for a word those of which one is beside it in a sentence where a cue or a
    frame is, `threes` the same with others of which one is there, too. `first` are the words
    of both. One of `rote` is in every text of a phrase that is found by rote.
    """

    __slots__ = ("_anchored", "_anchors", "_same", "first", "pairs", "rote", "threes")

    def __init__(self, book: Phrasebook) -> None:
        self._same: dict[frozenset[str], frozenset[str]] = {}  # equal sets are kept once
        self._anchors = {word: self._once(frozenset(by)) for word, by in book.anchors.items()}
        self._anchored = frozenset(self._anchors)
        rarest = [min(phrase.split(), key=lambda w: cost(frozenset([w]))) for phrase in book.rote]
        self.rote = frozenset(rarest)
        self.pairs = dict(self._anchors)
        self.threes: dict[str, _Threes] = {
            word: tuple((by, third or by) for third, by in thirds.items())
            for word, thirds in book.thirds.items()
        }
        for word, rare in book.frames.keys.items():
            framed = tuple((by, other) for by, others in rare for other, _ in others)
            self.threes[word] = (*self.threes.get(word, ()), *framed)
            self._pair(word, [by for by, _ in rare])
        for word in self.rote:
            self._pair(word, [frozenset([word])])
        self.first = frozenset(self.pairs)
        self._same.clear()

    def _pair(self, word: str, more: list[frozenset[str]]) -> None:
        """Put more words beside one."""
        self.pairs[word] = self._once(self.pairs.get(word, frozenset()).union(*more))
        self.threes.setdefault(word, ())

    def _once(self, words: frozenset[str]) -> frozenset[str]:
        return self._same.setdefault(words, words)

    def two(self, spoken: set[str]) -> bool:
        """Whether the words of a clause are two that some cue needs."""
        for word in self._anchored & spoken:
            beside = self._anchors[word]
            if not beside.isdisjoint(spoken):
                return True
        return False

    def three(self, spoken: set[str], near: frozenset[str]) -> bool:
        """Whether these are three words that some cue or frame needs, or all that it does; `near`
        are those of them that are in `first`."""
        for word in near:
            if not self.pairs[word].isdisjoint(spoken):
                for beside, third in self.threes[word]:
                    if not (beside.isdisjoint(spoken) or third.isdisjoint(spoken)):
                        return True
        return False


def _words_of(sentence: str) -> list[str]:
    """The words of its clauses. One letter is no clause."""
    if "," in sentence:
        return " ".join([part for part in sentence.split(",") if len(part) > 1]).split()
    return sentence.split() if len(sentence) > 1 else []


class Reading:
    """One message, as far as it is read."""

    __slots__ = ("_book", "_hasty", "_needs", "_owed", "_read", "_sentences", "left")

    def __init__(self, book: Phrasebook, needs: Needs, steps: int, *, hasty: bool) -> None:
        """`steps`: how many it may cost. `hasty`: whether sentences may be put by."""
        self._book = book
        self._needs = needs
        self._hasty = hasty
        self._sentences: list[str] = []
        self._read: dict[int, list[Clause]] = {}  # the clauses of what may have a cue
        self._owed: list[int] = []
        self.left = steps

    def read(self, plain: str) -> list[Clause]:
        """Every clause that has words, with the cues in it; none where no cue is in any.

        Where a hasty reading is out of steps (`left`), what it gives means nothing.
        """
        needs, rote, size, spoke = self._needs, False, 0, 0
        first, pairs = needs.first, needs.pairs
        self._sentences = plain.split(".")
        for number, sentence in enumerate(self._sentences):
            words = _words_of(sentence)
            size += len(words)
            spoke += 1 if words else 0
            spoken = set(words)
            near = first & spoken
            for word in near:
                if not pairs[word].isdisjoint(spoken):
                    break
            else:
                continue
            if self._hasty:
                rote = rote or not needs.rote.isdisjoint(spoken)
                if not needs.three(spoken, near):
                    self._owed.append(number)
                    continue
            if not self._look_up(number, spoken):
                return self._all(number)
        if size <= FEW:
            self._read_as_one(plain, spoke, size)
        return self._settled(rote)

    def _look_up(self, number: int, spoken: set[str]) -> bool:
        """Look a sentence up; False where there were not steps enough for it."""
        here = self._read[number] = self._made(number)
        cues, two, left = self._book.cues, self._needs.two, self.left
        for done, clause in enumerate(here, 1):
            if two(spoken if len(here) == 1 else set(clause.words)):
                left = look_up(cues, clause.tokens, clause.cues, left - FOUND)
                if left <= 0:
                    del here[done:]
                    here.append(self._by_rote(number))
                    self.left = left
                    return False
                if clause.cues:
                    self._hasty = False  # what is put by has to be walked in the end
        self.left = left
        frames = self._book.frames
        if there := frames.may_stand(spoken, frames.frames):
            self._frame(here, there)
            if self.left <= 0:
                here.append(self._by_rote(number + 1))
                return False
        return True

    def _read_as_one(self, plain: str, spoke: int, size: int) -> None:
        """Add what stands in all of a short message: of so many sentences, and so many words."""
        book = self._book
        if spoke > 1:
            # With letters that are no clause: they may let a frame be sought, never be found.
            spoken = set(plain.replace(".", " ").replace(",", " ").split())
            if over := book.frames.may_stand(spoken, book.frames.over):
                self._frame(self._all(len(self._sentences)), over)
        elif size <= SHORT:
            clauses = self._all(len(self._sentences))
            if len(clauses) == 1:
                tokens, cues = clauses[0].tokens, clauses[0].cues
                self.left = look_up(book.whole, tokens, cues, self.left)

    def _settled(self, rote: bool) -> list[Clause]:
        """All clauses where there is a cue, once what was put by is walked after all."""
        found = self._has_cues()
        if found or rote:
            for number in self._owed:
                here = self._read[number] = self._read.get(number) or self._made(number)
                for clause in here:
                    if self._needs.two(set(clause.words)):
                        cues, left = self._book.cues, self.left - FOUND
                        self.left = look_up(cues, clause.tokens, clause.cues, left)
        return self._all(len(self._sentences)) if found else []

    def _has_cues(self) -> bool:
        for here in self._read.values():
            for clause in here:
                if clause.cues:
                    return True
        return False

    def _made(self, number: int) -> list[Clause]:
        """The clauses of a sentence that have words."""
        made: list[Clause] = []
        for clause in self._sentences[number].split(","):
            if len(clause) > 1:
                made.append(Clause(clause.split(), bool(made), self._book.spelling.words))
        return made

    def _all(self, last: int) -> list[Clause]:
        """The clauses of all sentences up to this one."""
        found: list[Clause] = []
        for number in range(min(last + 1, len(self._sentences))):
            if number not in self._read:
                self._read[number] = self._made(number)
            found += self._read[number]
        return found

    def _frame(self, clauses: list[Clause], frames: list[Frame]) -> None:
        """Add what stands in a whole sentence to the clause in which it begins."""
        tokens: list[str] = []
        begins: list[int] = []
        for clause in clauses:
            begins.append(len(tokens))
            tokens += clause.tokens
        found, self.left = self._book.frames.look(tokens, frames, self.left)
        for start, end, entry in found:
            at = bisect_right(begins, start) - 1
            begin = begins[at]
            clause = clauses[at]
            clause.cues.append((start - begin, min(end - begin, len(clause.tokens)), entry))

    def _by_rote(self, number: int) -> Clause:
        """The plainest phrases from a sentence on, as they stand: quick, and held by no guard."""
        rest = " ".join(self._sentences[number:]).replace(",", " ")
        around = f" {' '.join(rest.split())} "
        clause = Clause([], False, self._book.spelling.words)
        rote = self._book.rote.items()
        clause.cues = [(0, 0, entry) for phrase, entry in rote if f" {phrase} " in around]
        return clause
