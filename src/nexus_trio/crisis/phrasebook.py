"""The lexicon, read once at import and compiled into one tree of words.

How a phrase is written in `lexicon/*.toml`:

| written | means |
|---|---|
| `I want to die` | these words, in any spelling that `normalise` and `spelling.toml` know |
| `(die\\|disappear)` | one of these |
| `[for ever]` | may be missing |
| `{want}` | one of the set `want` in `spelling.toml` |
| `*` | any one word, but no negation, no joining word and no `i` |
| `#` | any number |
| `^`, `$` | the start, the end of the clause |

An entry with a `level` is a cue. One without is a guard, and its `kind` says
what it does (see `guards.toml`). The tree is looked up word by word, so the
cost of a message does not grow with the number of phrases.
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from importlib import resources
from typing import Any, Final, TypeAlias, cast

from nexus_trio.crisis.levels import RANK, Level
from nexus_trio.crisis.normalise import normalise

FILES: Final = ("explicit", "imminent", "distress", "guards")
PLACES: Final = ("", "before", "after", "over", "clause", "speech")
KINDS: Final = ("cue", "guard", "other", "assent", "hint")

_PIECES: Final = re.compile(r"[()\[\]|]|\{\w+\}|[^\s()\[\]|{}]+")
_MARKS: Final = frozenset("*#^$")

START, END, ANY, NUMBER = "^", "$", "*", "#"
HERE: Final = ""  # the key under which a node holds the entries that end there

# What `*` never stands for: a negation turns the sense round, a joining word or
# a new `i` begins another thought, and a clause has ends.
NO_WILD: Final = frozenset({"not", "never", "no", "and", "but", "or", "i", START, END, HERE})

Words: TypeAlias = tuple[str, ...]
Node: TypeAlias = dict[str, Any]
_Build: TypeAlias = Callable[[Node], Node]


@dataclass(frozen=True, slots=True, eq=False)  # one object per id: compared by identity
class Entry:
    """One row of the lexicon.

    A cue has a `level` above `none`. A guard lowers the cues at its `place` to
    `lowers_to`; one that `yields` does so only where no distress stands beside
    it. `about_other` marks words about somebody else.
    """

    id: str
    kind: str
    level: Level
    place: str = ""
    lowers_to: Level = "none"
    yields: bool = True
    about_other: bool = False


@dataclass(frozen=True, slots=True)
class Together:
    """Cues that mean more when one message holds one of each group."""

    id: str
    level: Level
    groups: tuple[tuple[str, ...], ...]


class Spelling:
    """Which words are dropped, and which stand for others."""

    __slots__ = ("sets", "words")

    def __init__(self, table: dict[str, Any]) -> None:
        self.words: dict[str, Words] = {normalise(word): () for word in table["dropped"]}
        for plain, variants in table["same"].items():
            for variant in variants:
                self.words[normalise(variant)] = tuple(normalise(plain).split())
        self.sets: dict[str, list[str]] = table["sets"]

    def plain(self, written: str) -> Words:
        """The words that `written` stands for, as they are looked up."""
        words = normalise(written).split()
        return tuple(itertools.chain.from_iterable(self.words.get(w, (w,)) for w in words))


def _merge(a: Node, b: Node) -> Node:
    """The tree that holds what either holds. Neither is changed: parts are shared."""
    if a is b or not b:
        return a
    both = {**b, **a}
    for word in a.keys() & b.keys():
        if word != HERE:
            both[word] = _merge(a[word], b[word])
        else:
            both[HERE] = (*a[HERE], *(entry for entry in b[HERE] if entry not in a[HERE]))
    return both


class _Reader:
    """Builds the tree of one written phrase, from its end to its start.

    `read(end)` gives the tree whose every path leads to `end`. What follows an
    alternative or a gap is shared by its branches, so a phrase that stands for
    thousands of sequences stays as small as it is written.
    """

    def __init__(self, spelling: Spelling, phrase: str) -> None:
        self.spelling = spelling
        self.phrase = phrase
        self.pieces = _PIECES.findall(phrase)
        self.at = 0

    def read(self, end: Node) -> Node:
        built = self._either("")(end)
        if HERE in built or ANY in built:
            raise ValueError(f"the phrase {self.phrase!r} must begin with a fixed word")
        return built

    def _either(self, close: str) -> _Build:
        rows = [self._row(close)]
        while self.at < len(self.pieces) and self.pieces[self.at] == "|":
            self.at += 1
            rows.append(self._row(close))
        if self.at < len(self.pieces) and self.pieces[self.at] == close:
            self.at += 1
        elif close or self.at < len(self.pieces):
            raise ValueError(f"the brackets of the phrase {self.phrase!r} do not match")
        return lambda end: reduce(_merge, (row(end) for row in rows))

    def _row(self, close: str) -> _Build:
        parts: list[_Build] = []
        while self.at < len(self.pieces) and self.pieces[self.at] not in ("|", ")", "]"):
            self.at += 1
            parts.append(self._part(self.pieces[self.at - 1]))
        parts.reverse()
        return lambda end: reduce(lambda node, part: part(node), parts, end)

    def _part(self, piece: str) -> _Build:
        if piece == "(":
            return self._either(")")
        if piece == "[":
            inner = self._either("]")
            return lambda end: _merge(inner(end), end)
        if piece.startswith("{"):
            rows = [_Reader(self.spelling, row) for row in self.spelling.sets[piece[1:-1]]]
            inners = [row._either("") for row in rows]
            return lambda end: reduce(_merge, (inner(end) for inner in inners))
        words = (piece,) if piece in _MARKS else self.spelling.plain(piece)
        if not words:
            raise ValueError(f"{piece!r} in {self.phrase!r} is a dropped word: leave it out")
        return lambda end: reduce(lambda node, word: {word: node}, reversed(words), end)


class Phrasebook:
    """All entries, and the tree of their words. Read-only once it is made."""

    __slots__ = ("cues", "entries", "glued", "guards", "spelling", "together")

    def __init__(self, spelling: dict[str, Any], files: list[dict[str, Any]]) -> None:
        self.spelling = Spelling(spelling)
        self.cues: Node = {}  # what can raise a level, or speaks of somebody else
        self.guards: Node = {}  # what only matters beside a cue
        self.entries: dict[str, Entry] = {}
        self.together: list[Together] = []
        self.glued: list[tuple[str, Entry]] = []
        for table in files:
            for row in table.get("entry", ()):
                self._add(row, table.get("level", "none"))
            for row in table.get("together", ()):
                groups = tuple(tuple(group) for group in row["groups"])
                self.together.append(Together(row["id"], row["level"], groups))
        self._check()

    def _add(self, row: dict[str, Any], default: str) -> None:
        entry = _entry(row, default)
        if entry.id in self.entries:
            raise ValueError(f"two entries have the id {entry.id!r}: rename one")
        self.entries[entry.id] = entry
        for phrase in row["phrases"]:
            tree = _Reader(self.spelling, phrase).read({HERE: (entry,)})
            if entry.kind in ("cue", "other"):
                self.cues = _merge(self.cues, tree)
            else:
                self.guards = _merge(self.guards, tree)
        for phrase in row.get("glued", ()):
            self.glued.append((normalise(phrase.replace(" ", "")), entry))

    def _check(self) -> None:
        for rule in self.together:
            for name in itertools.chain.from_iterable(rule.groups):
                if name not in self.entries:
                    raise ValueError(f"{rule.id!r} names {name!r}, which is no entry")


def _entry(row: dict[str, Any], default: str) -> Entry:
    kind, level = row.get("kind", "cue"), row.get("level", default)
    entry = Entry(
        id=row["id"],
        kind=kind,
        level=cast(Level, level),
        place=row.get("place", ""),
        lowers_to=row.get("lowers_to", "none"),
        yields=row.get("yields", True),
        about_other=row.get("about_other", kind == "other"),
    )
    sound = kind in KINDS and entry.place in PLACES and {level, entry.lowers_to} <= RANK.keys()
    if not sound or (kind == "cue") != (level != "none"):
        raise ValueError(f"the entry {entry.id!r} has an unknown kind, level or place")
    return entry


def _load(name: str) -> dict[str, Any]:
    folder = resources.files("nexus_trio.crisis") / "lexicon"
    return tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))


def load() -> Phrasebook:
    """The lexicon that ships with the package. Raises `ValueError` on a malformed one."""
    return Phrasebook(_load("spelling"), [_load(name) for name in FILES])


def load_output() -> tuple[Phrasebook, frozenset[str]]:
    """What replies must not say (`lexicon/output.toml`), in the same spelling, and its numerals."""
    spelling, table = _load("spelling"), _load("output")
    book = Phrasebook(spelling | {"sets": spelling["sets"] | table["sets"]}, [table])
    return book, frozenset(map(normalise, table["numerals"]))
