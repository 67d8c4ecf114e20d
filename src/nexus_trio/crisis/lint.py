"""Checks the lexicon for slips that no error shows: `python -m nexus_trio.crisis.lint`.

| finding | what is wrong |
|---|---|
| `no says` | an entry that does not say what it is for |
| `no example` | a cue without a sentence that shows it |
| `unknown set`, `unused set` | a set that is named and not there, or there and never named |
| `twice` | one phrase in two places |
| `pointless end` | a phrase that ends with something that may be missing: it adds nothing |
| `unreachable` | words that no text has once it is normalised |
| `shadowed` | a phrase all of which other phrases of its entry find already |
| `unused notion` | a notion that no frame names |
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from nexus_trio.crisis.frames import NEGATION
from nexus_trio.crisis.lookup import look_up
from nexus_trio.crisis.phrasebook import FILES, read_file
from nexus_trio.crisis.phrases import ANY, END, HERE, NUMBER, START, Node, tree_of
from nexus_trio.crisis.spelling import Spelling

SAMPLES: Final = 16
"""Sequences of each phrase that are tried: few suffice to tell whether all are found otherwise."""

_SET: Final = re.compile(r"\{(\w+)\}")


def check() -> list[str]:
    """Every finding of the lexicon that ships; empty where it is sound."""
    spelling = read_file("spelling")
    rows = [(name, row) for name in FILES for row in read_file(name)["entry"]]
    table = read_file("frames")
    spoken = {"phrases": list(chain(*table["notions"].values()))}
    return [
        *sets(spelling["sets"], [*rows, ("frames", spoken)]),
        *entries(rows),
        *phrases(Spelling(spelling), rows),
        *notions(table),
    ]


def notions(table: dict[str, Any]) -> Iterator[str]:
    """What a frame lacks, and notions that no frame names."""
    named = {NEGATION}
    for row in table["frame"]:
        if not row.get("says"):
            yield f"no says: {row['id']}"
        if not row.get("examples"):
            yield f"no example: {row['id']}"
        named.update(*(re.findall(r"\w+", pattern) for pattern in row["patterns"]))
        named.update(row.get("unless", ()), row.get("broken_by", ()))
    yield from (f"unused notion: {name}" for name in sorted(table["notions"].keys() - named))


def sets(known: dict[str, list[str]], rows: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """Sets that are named and not there, and sets that nobody names."""
    written = [phrase for _, row in rows for phrase in row["phrases"]]
    named = {name for text in written for name in _SET.findall(text)}
    within = {name for lines in known.values() for text in lines for name in _SET.findall(text)}
    yield from (f"unknown set: {name}" for name in sorted((named | within) - known.keys()))
    yield from (f"unused set: {name}" for name in sorted(known.keys() - named - within))


def entries(rows: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """What an entry lacks, and phrases that stand twice."""
    seen: dict[str, str] = {}
    for _, row in rows:
        name, kind = row["id"], row.get("kind", "cue")
        if not row.get("says"):
            yield f"no says: {name}"
        if kind == "cue" and not row.get("examples"):
            yield f"no example: {name}"
        for phrase in row["phrases"]:
            if (other := seen.setdefault(f"{kind} {phrase}", name)) != name or (
                row["phrases"].count(phrase) > 1
            ):
                yield f"twice: {name} and {other}: {phrase[:60]}"
            if phrase.rstrip().endswith("]") and kind != "guard":
                yield f"pointless end: {name}: …{phrase[-60:]}"


def phrases(spelling: Spelling, rows: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """Phrases that no text can have, and phrases that others find already."""
    for _, row in rows:
        trees = [tree_of(spelling, phrase) for phrase in row["phrases"]]
        for at, phrase in enumerate(row["phrases"]):
            samples = list(sequences(trees[at]))
            if all(unreachable(spelling, sample) for sample in samples):
                yield f"unreachable: {row['id']}: {phrase[:90]}"
            if row.get("place") in ("before", "after"):
                continue  # where such a guard begins and ends is what it says
            rest = [tree for other, tree in enumerate(trees) if other != at]
            if all(any(found(tree, sample) for tree in rest) for sample in samples):
                yield f"shadowed: {row['id']}: {phrase[:90]}"


def sequences(tree: Node) -> Iterator[list[str]]:
    """Some of the word sequences of a tree, spread over all its ways."""
    todo: list[tuple[Node, list[str]]] = [(tree, [])]
    given = 0
    while todo and given < SAMPLES:
        node, words = todo.pop(given * 7919 % len(todo))
        if HERE in node:
            yield words
            given += 1
        todo += [(child, [*words, word]) for word, child in node.items() if word != HERE]


def unreachable(spelling: Spelling, words: list[str]) -> bool:
    """Whether no clause of a normalised text has these words in this order."""
    inner = words[1:] if words[0] == START else words
    inner = inner[:-1] if inner[-1] == END else inner
    if START in inner or END in inner:
        return True
    return any(spelling.words.get(word, (word,)) != (word,) for word in inner)


def found(tree: Node, words: list[str]) -> bool:
    """Whether a tree has a phrase within these words."""
    tokens = ["zzz" if word == ANY else "3" if word == NUMBER else word for word in words]
    matches: list[Any] = []
    # The last token begins no phrase, so one more stands behind.
    look_up(tree, [*tokens, "zzz"] if tokens[-1] != END else tokens, matches, 10_000)
    return bool(matches)


def main() -> int:
    """Print what is wrong; 1 where something is."""
    wrong = check()
    print("\n".join(wrong) or "the lexicon is sound")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
