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

An entry with a `level` is a cue. The `kind` of the others says what they do: a
`part` means something beside other entries alone (see `together`), as a `hint`
does, which is sought only where a cue is; an `other` is worry about somebody
else; a `guard` lowers, and `assent` keeps guards from it (see `guards.toml`).

The tree is looked up word by word, so the cost of a message does not grow with
the number of phrases.
"""

from __future__ import annotations

import gc
import math
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial, reduce
from importlib import resources
from itertools import chain
from typing import Any, Final, NamedTuple, TypeAlias, cast

from nexus_trio.crisis.levels import RANK, Level
from nexus_trio.crisis.normalise import normalise

FILES: Final = (
    "explicit",
    "passive",
    "method",
    "harm",
    "more",
    "imminent",
    "farewell",
    "distress",
    "guards",
)
PLACES: Final = ("", "before", "after", "over", "clause", "ahead", "speech", "echo")
KINDS: Final = ("cue", "part", "guard", "other", "assent", "hint")

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


_Needs: TypeAlias = frozenset[str]
_Pair: TypeAlias = tuple[_Needs, _Needs]


class _Part(NamedTuple):
    """A piece of a phrase: how its tree is built, and words that are sure to be in it.

    `needs`: one of these is always there; empty where nothing is sure. `pairs`: for one of
    these pairs, a word of its first and a word of its second are there (any, where the
    second is empty).
    """

    build: _Build
    needs: _Needs
    pairs: tuple[_Pair, ...]


@lru_cache(maxsize=4096)  # asked of the same few sets again and again, while phrases are read
def _cost(needs: _Needs) -> float:
    """How many texts have one of these words, roughly; infinite where none is named."""
    return sum(900 if w in _EVERYWHERE else 30 if w in _COMMON else 1 for w in needs) or math.inf


def _pairs_of(parts: list[_Part]) -> tuple[_Pair, ...]:
    """The rarest pairs for parts that are all there."""
    sure = sorted((part for part in parts if part.needs), key=lambda part: _cost(part.needs))
    if not sure:
        return ()
    own = sure[0].pairs
    if len(sure) == 1 or sum(_cost(second) for _, second in own) < _cost(sure[1].needs):
        return own
    return ((sure[0].needs, sure[1].needs),)


@dataclass(frozen=True, slots=True, eq=False)  # one object per id: compared by identity
class Entry:
    """One row of the lexicon.

    A cue has a `level` above `none`. A guard lowers the cues at its `place` to
    `lowers_to`; one that `yields` does so only where no distress stands beside
    it. `about_other` marks words about somebody else. `of` names the cues that a
    guard lowers; where it is empty, all.
    """

    id: str
    kind: str
    level: Level
    place: str = ""
    lowers_to: Level = "none"
    yields: bool = True
    about_other: bool = False
    of: frozenset[str] = frozenset()

    def lowers(self, cue: Entry) -> bool:
        """Whether this guard, where it stands, lowers this cue."""
        return RANK[self.lowers_to] < RANK[cue.level] and (not self.of or cue.id in self.of)


@dataclass(frozen=True, slots=True)
class Together:
    """Cues that mean more when one message holds one of each group."""

    id: str
    level: Level
    groups: tuple[tuple[str, ...], ...]


class Spelling:
    """Which words are dropped, and which stand for others."""

    __slots__ = ("_known", "glued", "sets", "words")

    def __init__(self, table: dict[str, Any]) -> None:
        self.words: dict[str, Words] = {normalise(word): () for word in table["dropped"]}
        for plain, variants in table["same"].items():
            for variant in variants:
                self.words[normalise(variant)] = tuple(normalise(plain).split())
        self.sets: dict[str, list[str]] = table["sets"]
        self.glued: list[str] = table.get("glued", [])
        self._known: dict[str, Words] = {}

    def plain(self, written: str) -> Words:
        """The words that `written` stands for, as they are looked up."""
        known = self._known.get(written)
        if known is None:
            words = normalise(written).split()
            found = chain.from_iterable(self.words.get(w, (w,)) for w in words)
            known = self._known[written] = tuple(found)
        return known


class _Trees:
    """Makes nodes, each tree once: equal trees are one object, and so is what they share.

    Without that, phrases that begin alike and go on in many ways would be merged
    again for every way in.
    """

    def __init__(self) -> None:
        self._made: dict[object, Node] = {}
        self._merged: dict[frozenset[int], Node] = {}
        self.sets: dict[str, _Part] = {}  # what was read already, by name
        self.words: dict[str, _Part] = {}

    def node(self, ways: Node) -> Node:
        """The tree with these ways on. It is never changed afterwards."""
        key = frozenset([(k, v if k == HERE else id(v)) for k, v in ways.items()])
        return self._made.setdefault(key, ways)

    def begin(self, root: Node, tree: Node) -> None:
        """Add a tree to a root, which alone is changed: it is too wide to be made anew."""
        for word, child in tree.items():
            root[word] = self.merge((root[word], child)) if word in root else child

    def merge(self, trees: Iterable[Node]) -> Node:
        """The tree that holds what any of these holds."""
        distinct = {id(tree): tree for tree in trees if tree}
        if len(distinct) < 2:
            return next(iter(distinct.values()), {})
        key = frozenset(distinct)  # all live as long as this does
        known = self._merged.get(key)
        if known is None:
            ways: dict[str, list[Any]] = {}
            for tree in distinct.values():
                for word, child in tree.items():
                    ways.setdefault(word, []).append(child)
            both: Node = {word: found[0] for word, found in ways.items()}
            for word, found in ways.items():
                if word == HERE:
                    both[HERE] = tuple(dict.fromkeys(chain(*found)))
                elif len(found) > 1:
                    both[word] = self.merge(found)
            known = self._merged[key] = self.node(both)
        return known


class _Reader:
    """Builds the tree of one written phrase, from its end to its start.

    `read(end)` gives the tree whose every path leads to `end`. What follows an
    alternative or a gap is shared by its branches, so a phrase that stands for
    thousands of sequences stays as small as it is written.
    """

    def __init__(self, spelling: Spelling, trees: _Trees, phrase: str) -> None:
        self.spelling = spelling
        self.trees = trees
        self.phrase = phrase
        self.pieces = _PIECES.findall(phrase)
        self.at = 0

    def read(self, end: Node) -> tuple[Node, tuple[_Pair, ...]]:
        """The tree of the phrase, and pairs of words of which every text of it has one."""
        whole = self._either("")
        built = whole.build(end)
        if HERE in built or ANY in built or not whole.needs:
            raise ValueError(f"the phrase {self.phrase!r} must begin with a fixed word")
        return built, whole.pairs

    def _either(self, close: str) -> _Part:
        rows = [self._row(close)]
        while self.at < len(self.pieces) and self.pieces[self.at] == "|":
            self.at += 1
            rows.append(self._row(close))
        if self.at < len(self.pieces) and self.pieces[self.at] == close:
            self.at += 1
        elif close or self.at < len(self.pieces):
            raise ValueError(f"the brackets of the phrase {self.phrase!r} do not match")
        return self._any_of(rows)

    def _any_of(self, rows: list[_Part]) -> _Part:
        if len(rows) == 1:
            return rows[0]
        sure = all(row.needs for row in rows)
        return _Part(
            lambda end: self.trees.merge([row.build(end) for row in rows]),
            frozenset(chain.from_iterable(row.needs for row in rows if sure)),
            tuple(chain.from_iterable(row.pairs for row in rows if sure)),
        )

    def _row(self, close: str) -> _Part:
        parts: list[_Part] = []
        while self.at < len(self.pieces) and self.pieces[self.at] not in ("|", ")", "]"):
            self.at += 1
            parts.append(self._part(self.pieces[self.at - 1]))
        rarest: _Needs = min((part.needs for part in parts), key=_cost, default=frozenset())
        pairs = _pairs_of(parts)
        parts.reverse()
        whole = partial(reduce, lambda node, part: part.build(node), parts)
        return _Part(whole, rarest, pairs)

    def _part(self, piece: str) -> _Part:
        if piece == "(":
            return self._either(")")
        if piece == "[":
            inner = self._either("]")
            return _Part(lambda end: self.trees.merge((inner.build(end), end)), frozenset(), ())
        if piece.startswith("{"):
            return self._set(piece[1:-1])
        known = self.trees.words.get(piece)
        if known is None:
            known = self.trees.words[piece] = self._words(piece)
        return known

    def _words(self, piece: str) -> _Part:
        words = (piece,) if piece in _MARKS else self.spelling.plain(piece)
        if not words:
            raise ValueError(f"{piece!r} in {self.phrase!r} is a dropped word: leave it out")
        make = self.trees.node
        rare = sorted((frozenset([w]) for w in words if w not in _MARKS), key=_cost)
        return _Part(
            lambda end: reduce(lambda node, word: make({word: node}), reversed(words), end),
            rare[0] if rare else frozenset(),
            ((rare[0], rare[1] if len(rare) > 1 else frozenset()),) if rare else (),
        )

    def _set(self, name: str) -> _Part:
        """A set, read once, and built once for each tree that follows it."""
        known = self.trees.sets.get(name)
        if known is not None:
            return known
        readers = [_Reader(self.spelling, self.trees, row) for row in self.spelling.sets[name]]
        whole = self._any_of([reader._either("") for reader in readers])
        built: dict[int, Node] = {}

        def build(end: Node) -> Node:
            if id(end) not in built:  # trees are kept, so an id stays one tree's
                built[id(end)] = whole.build(end)
            return built[id(end)]

        self.trees.sets[name] = part = _Part(build, whole.needs, whole.pairs)
        return part


class Phrasebook:
    """All entries, and the tree of their words. Read-only once it is made."""

    __slots__ = ("anchors", "asides", "cues", "entries", "guards", "rote", "spelling", "together")

    def __init__(self, spelling: dict[str, Any], files: list[dict[str, Any]]) -> None:
        self.spelling = Spelling(spelling)
        # Every clause with a cue has one of these words in it, and one that stands beside it here.
        self.anchors: dict[str, set[str]] = {}
        self.rote: dict[str, Entry] = {}  # a few phrases as they stand in plain text
        self.cues: Node = {}  # what can raise a level, or speaks of somebody else
        self.guards: Node = {}  # what only matters beside a cue
        self.asides: Node = {}  # what of that matters wherever in the message it stands
        self.entries: dict[str, Entry] = {}
        self.together: list[Together] = []
        trees = _Trees()
        for table in files:
            for row in table.get("entry", ()):
                self._add(row, table.get("level", "none"), trees)
            for row in table.get("together", ()):
                groups = tuple(tuple(group) for group in row["groups"])
                self.together.append(Together(row["id"], row["level"], groups))
        self._as_written()
        self._check()

    def _as_written(self) -> None:
        """Give the anchors what is written for a word, too: clauses are asked before mapping."""
        written: dict[str, set[str]] = {}
        for word, plain in self.spelling.words.items():
            for part in plain:
                written.setdefault(part, set()).add(word)
        for beside in self.anchors.values():
            beside.update(*(written.get(word, ()) for word in list(beside)))
        for word, plain in self.spelling.words.items():
            found = [self.anchors[part] for part in plain if part in self.anchors]
            if found:
                self.anchors[word] = set().union(*found, self.anchors.get(word, ()))

    def _add(self, row: dict[str, Any], default: str, trees: _Trees) -> None:
        entry = _entry(row, default)
        if entry.id in self.entries:
            raise ValueError(f"two entries have the id {entry.id!r}: rename one")
        self.entries[entry.id] = entry
        for phrase in row["phrases"]:
            tree, pairs = _Reader(self.spelling, trees, phrase).read(trees.node({HERE: (entry,)}))
            if entry.kind in ("cue", "part", "other"):
                trees.begin(self.cues, tree)
                for first, second in pairs:
                    for word in first:
                        self.anchors.setdefault(word, set()).update(second or (word,))
                continue
            trees.begin(self.guards, tree)
            if entry.kind in ("hint", "assent"):
                trees.begin(self.asides, tree)
        for phrase in row.get("rote", ()):
            self.rote[normalise(phrase)] = entry

    def _check(self) -> None:
        named = [(rule.id, name) for rule in self.together for name in chain(*rule.groups)]
        named += [(entry.id, name) for entry in self.entries.values() for name in entry.of]
        for name, other in named:
            if other not in self.entries:
                raise ValueError(f"{name!r} names {other!r}, which is no entry")


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
        of=frozenset(row.get("of", ())),
    )
    sound = kind in KINDS and entry.place in PLACES and {level, entry.lowers_to} <= RANK.keys()
    if not sound or (kind == "cue") != (level != "none"):
        raise ValueError(f"the entry {entry.id!r} has an unknown kind, level or place")
    return entry


def tree_of(spelling: Spelling, phrase: str) -> Node:
    """The tree of one phrase by itself, for checks. Raises `ValueError` on a malformed one."""
    trees = _Trees()
    entry = Entry("one", "cue", "concern")
    return _Reader(spelling, trees, phrase).read(trees.node({HERE: (entry,)}))[0]


def read_file(name: str) -> dict[str, Any]:
    """One file of the lexicon as it is written."""
    folder = resources.files("nexus_trio.crisis") / "lexicon"
    return tomllib.loads((folder / f"{name}.toml").read_text("utf-8"))


def load() -> Phrasebook:
    """The lexicon that ships with the package. Raises `ValueError` on a malformed one."""
    # A tree is made of many small dicts, none of them garbage: looking for some while it is
    # built takes longer than building it.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return Phrasebook(read_file("spelling"), [read_file(name) for name in FILES])
    finally:
        if collecting:
            gc.enable()


def load_output() -> tuple[Phrasebook, frozenset[str]]:
    """What replies must not say (`lexicon/output.toml`), in the same spelling, and its numerals."""
    spelling, table = read_file("spelling"), read_file("output")
    book = Phrasebook(spelling | {"sets": spelling["sets"] | table["sets"]}, [table])
    return book, frozenset(map(normalise, table["numerals"]))
