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
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from itertools import chain
from typing import Any, Final

from nexus_trio.crisis.entries import Entry, Together, entry_of
from nexus_trio.crisis.frames import Frames
from nexus_trio.crisis.normalise import normalise
from nexus_trio.crisis.phrases import HERE, Node, Reader, Trees
from nexus_trio.crisis.spelling import Spelling
from nexus_trio.crisis.sure import Row, cost, longest_of, wider

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
        "sure",
        "sure_of_all",
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
        # Every such clause fits one of these; and what is a cue alone, one of the others.
        self.sure: list[Row] = []
        self.sure_of_all: list[Row] = []
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
        self.sure = wider(longest_of(self.sure), written)
        self.sure_of_all = wider(longest_of(self.sure_of_all), written)
        self.frames.as_written(self.spelling.words)

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
            end = trees.node({HERE: (entry,)})
            tree, told = Reader(self.spelling, trees, phrase).read(end)
            sought = entry.kind in ("cue", "part", "other")
            names = ["cues"] if sought else ["guards"]
            if entry.kind in ("hint", "assent"):
                names.append("asides")
            for name in names:
                for word, child in tree.items():
                    roots[name].setdefault(word, []).append(child)
            if sought:
                self.sure += told
                for each in told:
                    first, *more = sorted(each.sets, key=cost)
                    for word in first:
                        self.anchors.setdefault(word, set()).update(more[0] if more else (word,))
        for phrase in row.get("whole", ()):
            end = trees.node({HERE: (entry,)})
            tree, told = Reader(self.spelling, trees, f"^ {phrase} $").read(end)
            self.sure_of_all += told
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


@contextmanager
def nothing_collected() -> Iterator[None]:
    """While a lexicon is built: its trees are made of many small dicts, none of them garbage, and
    to look for some takes longer than to build it."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def load() -> Phrasebook:
    """The lexicon that ships with the package. Raises `ValueError` on a malformed one."""
    with nothing_collected():
        files = [read_file(name) for name in FILES]
        return Phrasebook(read_file("spelling"), files, read_file("frames"))


def load_output() -> tuple[Phrasebook, frozenset[str]]:
    """What replies must not say (`lexicon/output.toml`), in the same spelling, and its numerals."""
    spelling, table = read_file("spelling"), read_file("output")
    book = Phrasebook(spelling | {"sets": spelling["sets"] | table["sets"]}, [table])
    return book, frozenset(map(normalise, table["numerals"]))
