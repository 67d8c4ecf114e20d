"""Screens a reply while it is written: what may be released of it, piece by piece.

The reply is read word by word, whatever pieces it comes in. Words that may be
the beginning of a phrase of `lexicon/output.toml` are held back until they can't
be any more: at most `HELD` of them. Where a phrase stands (a method, a dose,
encouragement), it is withheld with all that is held and all that follows. What
was released before it was released, so a phrase is caught even where it is so
stretched that its first words are gone already.

Pure and synchronous. The work is linear in the length of the reply and the
memory bounded. Like every lexicon it misses what it has no words for; letters
set apart by spaces are not put together here.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Final, TypeAlias

from nexus_trio.crisis.entries import Entry
from nexus_trio.crisis.normalise import collapse, normalise, rejoin
from nexus_trio.crisis.phrasebook import load_output
from nexus_trio.crisis.phrases import ANY, END, HERE, NO_WILD, NUMBER, START, Node

HELD: Final = 12
"""Words that are held back at most, the one that is still being written included."""

REACH: Final = 8
"""Words before a phrase in which a guard of its sentence still holds it."""

BOOK, _NUMERALS = load_output()

_WORDS: Final = BOOK.spelling.words
# A unit: white space, then a word. A longer run of either is cut, as memory is bounded.
_SPACE: Final = r"[^\S\x1c-\x1f]"
UNIT: Final = re.compile(rf"{_SPACE}{{0,64}}(?:[\S\x1c-\x1f]{{1,64}})?")
_LEAD: Final = re.compile(rf"({_SPACE}*)([A-Za-z]*)")
_PLAIN: Final = re.compile("\\s*([A-Za-z'\u2019]+)([.,;:!?]*)")
_DOUBLE: Final = re.compile(r"([a-z])\1")
_POINT: Final = re.compile(r"(?<=[0-9])[.,](?=[0-9])")
_PARTS: Final = re.compile(r"[a-z0-9]+|[.,]")
_NUMBERS: Final = re.compile(r"[0-9]+|[a-z]+")
_MARKS: Final = {".": ".", ";": ".", "!": ".", "?": ".", ",": ",", ":": ","}
_LONG_AGO: Final = -REACH - 2
_NOT_YET: Final = -1
_A_NUMBER: Final = "2"


def _beginnings() -> frozenset[str]:
    """What any word begins with, to its whole, that a phrase may begin with."""
    first = {*BOOK.cues, *BOOK.cues.get(START, {})}
    first |= {written for written, plain in _WORDS.items() if not first.isdisjoint(plain)}
    return frozenset(word[:end] for word in first for end in range(1, len(word) + 1))


_BEGINNINGS: Final = _beginnings()

# A phrase begun: its node of the tree, the unit and the token at which it began, and what
# stood right before it: 0 nothing, 1 a guard that yields to a method, 2 one that does not.
_Way: TypeAlias = tuple[Node, int, int, int]


class OutputScreen:
    """The screen of one reply.

    `careful`: the talk is of suicide or self-harm already, so that words which
    are harmless elsewhere ("you should do it") are not. Words of the reply itself
    make it careful from there on. Any string may be fed; nothing is raised.
    """

    def __init__(self, *, careful: bool = False) -> None:
        self._careful = careful
        self._withheld: Entry | None = None
        # What is held: whole units, the first one being number `_first`, and a last one
        # that may still grow.
        self._held: deque[str] = deque()
        self._first = 0
        self._growing = ""
        # How much of the first of these was released already.
        self._early = 0
        self._tokens = 0
        self._ways: list[_Way] = []
        self._guards: list[Node] = []
        # The last token of the last guard of this sentence, by whether it yields.
        self._before = {True: _LONG_AGO, False: _LONG_AGO}
        self._around = {True: _LONG_AGO, False: _LONG_AGO}
        self._begin_clause()

    @property
    def withheld(self) -> str | None:
        """The id of the entry for which the rest is withheld; None while there is none."""
        return None if self._withheld is None else self._withheld.id

    @property
    def held(self) -> int:
        """How many words are held back, `HELD` at most."""
        early = 0 if self._held else self._early
        return len(self._held) + bool(self._growing[early:].strip())

    def feed(self, piece: str) -> str:
        """Read on; what may be released now. Nothing from where something is withheld."""
        text, at = self._growing + piece, 0
        released: list[str] = []
        while self._withheld is None:
            end = UNIT.match(text, at).end()  # type: ignore[union-attr]  # matches anything
            unit, alone = text[at:end], not self._held
            if end == len(text):  # it may still grow
                self._growing = unit
                if alone:
                    self._hasten(unit, released)
                return "".join(released)
            self._read(unit)
            if self._withheld is None:
                self._release(released)
            if alone and self._held:
                self._hasten(unit, released)
            at = end
        self._drop()
        return "".join(released)

    def finish(self) -> str:
        """The reply is over: the rest of what may be released."""
        if self._withheld is None and self._growing:
            self._read(self._growing)
            self._growing = ""
        self._end_clause()
        rest = "" if self._withheld is not None else "".join(self._held)[self._early :]
        self._drop()
        return rest

    def _hasten(self, unit: str, released: list[str]) -> None:
        """Release the beginning of a unit that no phrase can begin with, however it goes on.

        In one piece as letter by letter: else the pieces would decide what is released.
        """
        space, letters = _LEAD.match(unit).groups()  # type: ignore[union-attr]  # as above
        sure = len(space)
        if letters and _plain(letters) not in _BEGINNINGS:
            sure += len(letters)
        if sure > self._early:
            released.append(unit[self._early : sure])
            self._early = sure

    def _drop(self) -> None:
        self._held.clear()
        self._growing, self._early = "", 0
        self._ways, self._guards = [], []

    def _release(self, released: list[str]) -> None:
        """What no phrase can begin with any more, or has waited for long enough."""
        until = now = self._first + len(self._held)
        for _, unit, _, _ in self._ways:
            if _NOT_YET < unit < until:
                until = unit
        until = max(until, now - HELD + 1)
        while self._first < until:
            self._first += 1
            released.append(self._held.popleft()[self._early :])
            self._early = 0

    # --- reading ---

    def _read(self, unit: str) -> None:
        self._held.append(unit)
        at = self._first + len(self._held) - 1
        for token in tokens(unit):
            if token == ".":
                self._end_clause()
                self._begin_sentence()
            elif token == ",":
                self._end_clause()
                self._begin_clause()
            else:
                self._step(token, at)

    def _begin_sentence(self) -> None:
        self._ways, self._guards = [], []
        self._tokens += REACH + 2  # so that no guard reaches over
        self._begin_clause()

    def _begin_clause(self) -> None:
        """A pause: phrases go on over it, and others may begin behind it."""
        if not any(unit == _NOT_YET for _, unit, _, _ in self._ways):
            self._ways.append((BOOK.cues[START], _NOT_YET, self._tokens + 1, 0))

    def _end_clause(self) -> None:
        for way in self._ways:
            if END in way[0]:
                self._stands(way[0][END], way)

    def _step(self, token: str, at: int) -> None:
        self._tokens += 1
        if token in _NUMERALS:
            token = _A_NUMBER
        # Most words begin nothing, and nothing is under way.
        if self._ways or token in BOOK.cues or token.isdigit():
            self._ways = self._follow(token, at)
            for way in self._ways:
                if HERE in way[0]:
                    self._stands(way[0], way)
        if self._guards or token in BOOK.guards:
            self._heed(token)

    def _follow(self, token: str, at: int) -> list[_Way]:
        """The phrases that go on, or begin, with this token; of equal ones the earliest."""
        found: dict[tuple[int, int], _Way] = {}
        for node, unit, start, barred in self._ways:
            begun = at if unit == _NOT_YET else unit
            for into in _next(node, token):
                if (id(into), barred) not in found:
                    found[id(into), barred] = into, begun, start, barred
        if token in BOOK.cues or token.isdigit():
            barred = self._bar()
            for into in _next(BOOK.cues, token):
                if (id(into), barred) not in found:
                    found[id(into), barred] = into, at, self._tokens, barred
        return list(found.values())

    def _bar(self) -> int:
        """What stands right before this token."""
        last = self._tokens - 1
        return 2 if self._before[False] == last else int(self._before[True] == last)

    def _heed(self, token: str) -> None:
        """Note the guards and hints that end here."""
        nodes: dict[int, Node] = {}
        for begun in (*self._guards, BOOK.guards):
            for node in _next(begun, token):
                nodes[id(node)] = node
        self._guards = list(nodes.values())
        for node in self._guards:
            for entry in node.get(HERE, ()):
                self._note(entry)

    def _note(self, entry: Entry) -> None:
        if entry.kind == "hint":
            self._careful = True
        elif entry.place == "before":
            self._before[entry.yields] = self._tokens
        else:
            self._around[entry.yields] = self._tokens

    def _stands(self, node: Node, way: _Way) -> None:
        """Withhold, where a phrase ends here and nothing holds it."""
        for entry in node.get(HERE, ()):
            if self._withheld is None and not self._guarded(entry, way):
                self._withheld = entry

    def _guarded(self, entry: Entry, way: _Way) -> bool:
        _, _, start, barred = way
        if entry.level == "concern" and not self._careful:
            return True
        if barred == 2 or self._around[False] >= start - REACH:
            return True
        held = barred == 1 or self._around[True] >= start - REACH
        return held and entry.level != "imminent"


def _next(node: Node, token: str) -> list[Node]:
    """Where a token leads from a node of the tree."""
    found = [node[token]] if token in node else []
    if ANY in node and token not in NO_WILD:
        found.append(node[ANY])
    if NUMBER in node and token.isdigit():
        found.append(node[NUMBER])
    return found


def tokens(unit: str) -> list[str]:
    """The words of a unit as they are looked up, with `.` and `,` between them.

    Most units are a plain word: they get what `normalise` would give, sooner.
    """
    plain = _PLAIN.fullmatch(unit)
    if plain is None:
        return list(_strange(unit))
    word = _plain(plain[1].replace("'", "").replace("\u2019", ""))
    words = _WORDS.get(word, (word,)) if word else ()
    return [*words, *(_MARKS[mark] for mark in plain[2])]


def _plain(letters: str) -> str:
    """ASCII letters as `normalise` has them."""
    low = letters.lower()
    return low if _DOUBLE.search(low) is None else collapse(low)


def _strange(unit: str) -> Iterator[str]:
    text = _POINT.sub("", rejoin(normalise(unit)))
    for part in _PARTS.findall(text):
        if part in _WORDS:
            yield from _WORDS[part]
        elif part in ".,":
            yield part
        else:
            yield from _NUMBERS.findall(part)
