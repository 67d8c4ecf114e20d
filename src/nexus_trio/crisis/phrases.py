"""One phrase as it is written, compiled into a tree of words.

| written | means |
|---|---|
| `I want to die` | these words, in any spelling that `normalise` and `spelling.toml` know |
| `(die\\|disappear)` | one of these |
| `[for ever]` | may be missing |
| `{want}` | one of the set `want` in `spelling.toml` |
| `kill~` | the word with its endings: kill, kills, killed, killing |
| `*` | any one word, but no negation, no joining word and no `i` |
| `#` | any number |
| `^`, `$` | the start, the end of the clause |

The tree is looked up word by word, so the cost of a message does not grow with
the number of phrases.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import partial, reduce
from itertools import chain, product
from typing import Any, Final, NamedTuple, TypeAlias

from nexus_trio.crisis.entries import Entry
from nexus_trio.crisis.spelling import Spelling, inflected
from nexus_trio.crisis.sure import (
    MOST,
    Needs,
    Row,
    cost,
    in_one,
    joined,
    longest_of,
    told_apart,
    unsure,
)

_PIECES: Final = re.compile(r"[()\[\]|]|\{\w+\}|[^\s()\[\]|{}]+")
_MARKS: Final = frozenset("*#^$")

START, END, ANY, NUMBER = "^", "$", "*", "#"
HERE: Final = ""  # the key under which a node holds the entries that end there

# What `*` never stands for: a negation turns the sense round, a joining word or
# a new `i` begins another thought, and a clause has ends.
NO_WILD: Final = frozenset({"not", "never", "no", "and", "but", "or", "i", START, END, HERE})

Node: TypeAlias = dict[str, Any]
_Build: TypeAlias = Callable[[Node], Node]


class _Part(NamedTuple):
    """A piece of a phrase: how its tree is built, and words that are sure to be in it.

    `needs`: one of these is always there; empty where nothing is sure. `rows`: for one of
    these, a word of each of its sets is there.
    """

    build: _Build
    needs: Needs
    rows: tuple[Row, ...]


def _rows_of(parts: list[_Part]) -> tuple[Row, ...]:
    """What is sure of parts that follow each other."""
    if len(parts) == 1:
        return parts[0].rows
    rarest = min(parts, key=lambda part: cost(part.needs))
    ways = [part.rows if part is rarest else told_apart(part.rows) for part in parts]
    if all(len(rows) == 1 for rows in ways):
        return (joined([rows[0] for rows in ways]),)
    while math.prod(map(len, ways)) > max(MOST, len(rarest.rows)):
        others = [at for at, part in enumerate(parts) if part is not rarest]
        longest = max(others, key=lambda at: len(ways[at]))
        if len(ways[longest]) == 1:
            break
        ways[longest] = (in_one(parts[longest].rows),)
    return longest_of(joined(row) for row in product(*ways))


class Trees:
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

    def merge(self, trees: Iterable[Node]) -> Node:
        """The tree that holds what any of these holds."""
        distinct = {id(tree): tree for tree in trees if tree}
        if len(distinct) < 2:
            return next(iter(distinct.values()), {})
        key = frozenset(distinct)  # all live as long as this does
        known = self._merged.get(key)
        if known is None:
            both: Node = {}
            shared: dict[str, list[Any]] = {}  # the few words that more than one goes on with
            for tree in distinct.values():
                for word, child in tree.items():
                    if both.setdefault(word, child) is not child:
                        shared.setdefault(word, [both[word]]).append(child)
            for word, found in shared.items():
                if word == HERE:
                    both[HERE] = tuple(dict.fromkeys(chain(*found)))
                else:
                    both[word] = self.merge(found)
            known = self._merged[key] = self.node(both)
        return known


class Reader:
    """Builds the tree of one written phrase, from its end to its start.

    `read(end)` gives the tree whose every path leads to `end`. What follows an
    alternative or a gap is shared by its branches, so a phrase that stands for
    thousands of sequences stays as small as it is written.
    """

    def __init__(self, spelling: Spelling, trees: Trees, phrase: str) -> None:
        self.spelling = spelling
        self.trees = trees
        self.phrase = phrase
        self.pieces = _PIECES.findall(phrase)
        self.at = 0

    def read(self, end: Node) -> tuple[Node, tuple[Row, ...]]:
        """The tree of the phrase, and what every text of it has: one of these rows."""
        whole = self._either("")
        built = whole.build(end)
        if HERE in built or ANY in built or not whole.needs:
            raise ValueError(f"the phrase {self.phrase!r} must begin with a fixed word")
        return built, whole.rows

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
        told = [each for row in rows for each in row.rows]
        return _Part(
            lambda end: self.trees.merge([row.build(end) for row in rows]),
            frozenset(chain.from_iterable(row.needs for row in rows if sure)),
            longest_of(told) if sure else (unsure(told),),
        )

    def _row(self, close: str) -> _Part:
        parts: list[_Part] = []
        while self.at < len(self.pieces) and self.pieces[self.at] not in ("|", ")", "]"):
            self.at += 1
            parts.append(self._part(self.pieces[self.at - 1]))
        rarest: Needs = min((part.needs for part in parts), key=cost, default=frozenset())
        rows = _rows_of(parts) if parts else (Row((), (0,)),)
        parts.reverse()
        whole = partial(reduce, lambda node, part: part.build(node), parts)
        return _Part(whole, rarest, rows)

    def _part(self, piece: str) -> _Part:
        if piece == "(":
            return self._either(")")
        if piece == "[":
            inner = self._either("]")
            return _Part(
                lambda end: self.trees.merge((inner.build(end), end)),
                frozenset(),
                (unsure(inner.rows),),
            )
        if piece.startswith("{"):
            return self._set(piece[1:-1])
        known = self.trees.words.get(piece)
        if known is None:
            if piece.endswith("~"):
                known = self._any_of([self._words(form) for form in inflected(piece[:-1])])
            else:
                known = self._words(piece)
            self.trees.words[piece] = known
        return known

    def _words(self, piece: str) -> _Part:
        words = (piece,) if piece in _MARKS else self.spelling.plain(piece)
        if not words:
            raise ValueError(f"{piece!r} in {self.phrase!r} is a dropped word: leave it out")
        make = self.trees.node
        if words[0] in _MARKS:
            return _Part(lambda end: make({piece: end}), frozenset(), (Row((), (1,)),))
        named = [frozenset([word]) for word in words]
        return _Part(
            lambda end: reduce(lambda node, word: make({word: node}), reversed(words), end),
            min(named, key=cost),
            (joined([Row((word,), (0, 0)) for word in named]),),
        )

    def _set(self, name: str) -> _Part:
        """A set, read once, and built once for each tree that follows it."""
        known = self.trees.sets.get(name)
        if known is not None:
            return known
        readers = [Reader(self.spelling, self.trees, row) for row in self.spelling.sets[name]]
        whole = self._any_of([reader._either("") for reader in readers])
        built: dict[int, Node] = {}

        def build(end: Node) -> Node:
            if id(end) not in built:  # trees are kept, so an id stays one tree's
                built[id(end)] = whole.build(end)
            return built[id(end)]

        self.trees.sets[name] = part = _Part(build, whole.needs, whole.rows)
        return part


def tree_of(spelling: Spelling, phrase: str) -> Node:
    """The tree of one phrase by itself, for checks. Raises `ValueError` on a malformed one."""
    trees = Trees()
    entry = Entry("one", "cue", "concern")
    return Reader(spelling, trees, phrase).read(trees.node({HERE: (entry,)}))[0]
