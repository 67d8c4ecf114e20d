"""The lexicon: all its entries, and the trees of their words.

An entry with a `level` is a cue. The `kind` of the others says what they do: a
`part` means something beside other entries alone (see `together`), as a `hint`
does, which is sought only where a cue is; an `other` is worry about somebody
else; a `guard` lowers, and `assent` keeps guards from it (see `guards.toml`).
How phrases are written stands in `phrases.py`. The phrases of `whole` are cues where
they are all that a message says ("suicide"), those of `rote` where the steps are used up.
"""

from __future__ import annotations

import gc
import tomllib
from importlib import resources
from itertools import chain
from typing import Any, Final

from nexus_trio.crisis.entries import Entry, Together, entry_of
from nexus_trio.crisis.frames import Frames
from nexus_trio.crisis.normalise import normalise
from nexus_trio.crisis.phrases import HERE, Node, Reader, Trees
from nexus_trio.crisis.spelling import Spelling

FILES: Final = (
    "explicit",
    "passive",
    "method",
    "harm",
    "imminent",
    "farewell",
    "distress",
    "guards",
)


class Phrasebook:
    """All entries, and the tree of their words. Read-only once it is made."""

    __slots__ = (
        "anchors",
        "asides",
        "cues",
        "entries",
        "frames",
        "guards",
        "rote",
        "spelling",
        "thirds",
        "together",
        "whole",
    )

    def __init__(
        self,
        spelling: dict[str, Any],
        files: list[dict[str, Any]],
        frames: dict[str, Any] | None = None,
    ) -> None:
        self.spelling = Spelling(spelling)
        self.frames = Frames(self.spelling, frames or {})
        # Every clause with a cue has one of these words in it, and one that stands beside it here.
        self.anchors: dict[str, set[str]] = {}
        # The same with a third word: for each set of those, the words beside the first with them.
        self.thirds: dict[str, dict[frozenset[str], frozenset[str]]] = {}
        self.rote: dict[str, Entry] = {}  # a few phrases as they stand in plain text
        self.entries: dict[str, Entry] = {}
        self.together: list[Together] = []
        trees = Trees()
        roots: dict[str, dict[str, list[Node]]] = {
            name: {} for name in ("cues", "guards", "asides", "whole")
        }
        for table in files:
            for row in table.get("entry", ()):
                self._add(row, table.get("level", "none"), trees, roots)
            for row in table.get("together", ()):
                groups = tuple(tuple(group) for group in row["groups"])
                self.together.append(Together(row["id"], row["level"], groups))
        # Merged once, when all is there: a word that begins hundreds of phrases is merged once.
        found = {
            name: {word: trees.merge(children) for word, children in root.items()}
            for name, root in roots.items()
        }
        self.cues: Node = found["cues"]  # what can raise a level, or speaks of somebody else
        self.guards: Node = found["guards"]  # what only matters beside a cue
        self.asides: Node = found["asides"]  # what of that matters wherever it stands
        self.whole: Node = found["whole"]  # what is a cue where nothing else is said at all
        for name, entry in self.frames.entries.items():
            if self.entries.setdefault(name, entry) is not entry:
                raise ValueError(f"two entries have the id {name!r}: rename one")
        self._as_written()
        self._check()

    def _as_written(self) -> None:
        """Give the anchors what is written for a word, too: clauses are asked before mapping."""
        anchors = self.anchors
        written: dict[str, set[str]] = {}
        for word, plain in self.spelling.words.items():
            for part in plain:
                written.setdefault(part, set()).add(word)
        for beside in anchors.values():
            beside.update(*(written.get(word, ()) for word in list(beside)))
        for word, plain in self.spelling.words.items():
            found = [anchors[part] for part in plain if part in anchors]
            if found:
                anchors[word] = set().union(*found, anchors.get(word, ()))
        self._thirds_as_written(written)
        self.frames.as_written(self.spelling.words)

    def _thirds_as_written(self, written: dict[str, set[str]]) -> None:
        """The same for the thirds."""
        widened: dict[frozenset[str], frozenset[str]] = {}  # most sets stand beside many words
        for word, thirds in self.thirds.items():
            wider: dict[frozenset[str], frozenset[str]] = {}
            for pair in thirds.items():
                for words in pair:
                    if words not in widened:
                        widened[words] = words.union(*(written.get(w, ()) for w in words))
                third, beside = map(widened.__getitem__, pair)
                wider[third] = wider.get(third, beside) | beside
            self.thirds[word] = wider
        for word, plain in self.spelling.words.items():
            found = [self.thirds[part] for part in plain if part in self.thirds]
            if found:
                both = dict(self.thirds.get(word, {}))
                for third, beside in chain.from_iterable(thirds.items() for thirds in found):
                    both[third] = both.get(third, beside) | beside
                self.thirds[word] = both
        same: dict[frozenset[str], frozenset[str]] = {}  # most are equal to others: kept once
        for word, thirds in self.thirds.items():
            self.thirds[word] = {
                same.setdefault(third, third): same.setdefault(beside, beside)
                for third, beside in thirds.items()
            }

    def _add(
        self,
        row: dict[str, Any],
        default: str,
        trees: Trees,
        roots: dict[str, dict[str, list[Node]]],
    ) -> None:
        entry = entry_of(row, default)
        if entry.id in self.entries:
            raise ValueError(f"two entries have the id {entry.id!r}: rename one")
        self.entries[entry.id] = entry
        for phrase in row["phrases"]:
            tree, threes = Reader(self.spelling, trees, phrase).read(trees.node({HERE: (entry,)}))
            sought = entry.kind in ("cue", "part", "other")
            names = ["cues"] if sought else ["guards"]
            if entry.kind in ("hint", "assent"):
                names.append("asides")
            for name in names:
                for word, child in tree.items():
                    roots[name].setdefault(word, []).append(child)
            if sought:
                for first, second, third in threes:
                    for word in first:
                        beside = second or frozenset([word])
                        self.anchors.setdefault(word, set()).update(beside)
                        thirds = self.thirds.setdefault(word, {})
                        thirds[third] = thirds.get(third, beside) | beside
        for phrase in row.get("whole", ()):
            end = trees.node({HERE: (entry,)})
            tree, _ = Reader(self.spelling, trees, f"^ {phrase} $").read(end)
            for word, child in tree.items():
                roots["whole"].setdefault(word, []).append(child)
        for phrase in row.get("rote", ()):
            self.rote[normalise(phrase)] = entry

    def _check(self) -> None:
        named = [(rule.id, name) for rule in self.together for name in chain(*rule.groups)]
        rows = self.entries.values()
        named += [(row.id, name) for row in rows for name in (*row.of, row.like) if name]
        for name, other in named:
            if other not in self.entries:
                raise ValueError(f"{name!r} names {other!r}, which is no entry")


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
        files = [read_file(name) for name in FILES]
        return Phrasebook(read_file("spelling"), files, read_file("frames"))
    finally:
        if collecting:
            gc.enable()


def load_output() -> tuple[Phrasebook, frozenset[str]]:
    """What replies must not say (`lexicon/output.toml`), in the same spelling, and its numerals."""
    spelling, table = read_file("spelling"), read_file("output")
    book = Phrasebook(spelling | {"sets": spelling["sets"] | table["sets"]}, [table])
    return book, frozenset(map(normalise, table["numerals"]))
