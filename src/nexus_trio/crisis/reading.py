"""Reads a message clause by clause: where the cues stand in it.

First a glance says which sentences have the words that a cue needs: most have not, and are passed
over, where no walk would have found anything. The others are looked up, which may cost so many
steps in the tree (`screen.STEPS`); what stands behind the last of them is read otherwise. Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Final

from nexus_trio.crisis.entries import Entry
from nexus_trio.crisis.frames import Frame
from nexus_trio.crisis.lookup import FOUND, Match, look_up
from nexus_trio.crisis.needs import FRAME, PHRASE, WHOLE, Needs
from nexus_trio.crisis.phrasebook import Phrasebook
from nexus_trio.crisis.phrases import END, START
from nexus_trio.crisis.spelling import Words

FEW: Final = 32
"""Words that a message may have for a frame to reach over the ends of its sentences."""

SHORT: Final = 8
"""Words that a message may have to be looked up as a whole."""

LOOKS: Final = 64
"""Closer looks that a glance at a message may cost: a long one in distress takes some thirty."""

GLANCE: Final = 1_000
"""Characters that a message may have for the sharper glance: at a longer one, made to be slow, that
would cost too much."""


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
            self._tokens = _tokens(self.words, self._known)
        return self._tokens


def _tokens(words: list[str], known: dict[str, Words]) -> list[str]:
    tokens = [START]
    for word in words:
        same = known.get(word)
        if same is None:
            tokens.append(word)
        else:
            tokens += same
    tokens.append(END)
    return tokens


def _words_of(sentence: str) -> list[str]:
    """The words of its clauses. One letter is no clause."""
    if "," in sentence:
        return " ".join([part for part in sentence.split(",") if len(part) > 1]).split()
    return sentence.split() if len(sentence) > 1 else []


def _as_one(plain: str) -> str:
    return plain.replace(".", " ").replace(",", " ")


def _rote_in(text: str, book: Phrasebook) -> list[Entry]:
    """The entries whose plainest phrases stand in it as they are."""
    around = f" {' '.join(_as_one(text).split())} "
    return [entry for phrase, entry in book.rote.items() if f" {phrase} " in around]


class Reading:
    """One message, as far as it is read."""

    __slots__ = ("_book", "_left", "_needs", "_read", "_sentences")

    def __init__(self, book: Phrasebook, needs: Needs, steps: int) -> None:
        """`steps`: how many it may cost."""
        self._book = book
        self._needs = needs
        self._sentences: list[str] = []
        self._read: dict[int, list[Clause]] = {}  # the clauses of what may have a cue
        self._left = steps

    def read(self, plain: str) -> list[Clause]:
        """Every clause that has words, with the cues in it; none where no cue is in any."""
        self._sentences = plain.split(".")
        heard = [_words_of(sentence) for sentence in self._sentences]
        there, over = self._glance(plain, heard)
        for number, may_be in enumerate(there):
            if may_be and not self._look_up(number, set(heard[number]), may_be):
                return self._all(number)
        if over:
            self._read_as_one(plain, over)
        return self._all(len(self._sentences)) if self._has_cues() else []

    def _glance(self, plain: str, heard: list[list[str]]) -> tuple[list[int], int]:
        """What there may be in each sentence, and in all of the message as one."""
        needs, size, spoke = self._needs, 0, 0
        for words in heard:
            size += len(words)
            spoke += 1 if words else 0
        if len(plain) > GLANCE:
            there = [PHRASE | FRAME if needs.paired(set(words)) else 0 for words in heard]
            over = FRAME if spoke > 1 else WHOLE
        else:
            looks, over = [LOOKS], 0
            there = []
            for words in heard:
                likely = needs.likely(words, looks) if words else 0
                there.append(likely & (PHRASE | FRAME))
                over |= likely & WHOLE
            if spoke > 1 and size <= FEW:
                # Where one sentence is looked up, asking first saves nothing.
                over = FRAME if any(there) else needs.likely(_as_one(plain).split(), looks) & FRAME
        return there, over if size <= (FEW if spoke > 1 else SHORT) else 0

    def _look_up(self, number: int, spoken: set[str], may_be: int) -> bool:
        """Look a sentence up; False where there were not steps enough for it."""
        here = self._read[number] = self._made(number)
        if may_be & PHRASE:
            cues, two, left = self._book.cues, self._needs.two, self._left
            for done, clause in enumerate(here, 1):
                if two(spoken if len(here) == 1 else set(clause.words)):
                    left = look_up(cues, clause.tokens, clause.cues, left - FOUND)
                    if left <= 0:
                        del here[done:]
                        here.append(self._by_rote(number))
                        return False
            self._left = left
        if may_be & FRAME:
            frames = self._book.frames
            if there := frames.may_stand(spoken):
                self._frame(here, there)
                if self._left <= 0:
                    here.append(self._by_rote(number + 1))
                    return False
        return True

    def _read_as_one(self, plain: str, over: int) -> None:
        """Add what stands in all of a short message: a frame in several sentences, or a phrase
        that means something where nothing else is said."""
        book = self._book
        if over & FRAME:
            # With letters that are no clause: they may let a frame be sought, never be found.
            spoken = set(_as_one(plain).split())
            if frames := book.frames.may_stand(spoken, over=True):
                self._frame(self._all(len(self._sentences)), frames)
        else:
            clauses = self._all(len(self._sentences))
            if len(clauses) == 1:
                tokens, cues = clauses[0].tokens, clauses[0].cues
                self._left = look_up(book.whole, tokens, cues, self._left)

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
        found, self._left = self._book.frames.look(tokens, frames, self._left)
        for start, end, entry in found:
            at = bisect_right(begins, start) - 1
            begin = begins[at]
            clause = clauses[at]
            clause.cues.append((start - begin, min(end - begin, len(clause.tokens)), entry))

    def _by_rote(self, number: int) -> Clause:
        """The plainest phrases from a sentence on, as they stand: quick, and held by no guard."""
        clause = Clause([], False, self._book.spelling.words)
        found = _rote_in(" ".join(self._sentences[number:]), self._book)
        clause.cues = [(0, 0, entry) for entry in found]
        return clause
