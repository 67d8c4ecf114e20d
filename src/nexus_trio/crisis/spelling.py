"""Which words are dropped before anything is looked up, and which stand for others."""

from __future__ import annotations

from itertools import chain
from typing import Any, TypeAlias

from nexus_trio.crisis.normalise import normalise

Words: TypeAlias = tuple[str, ...]


class Spelling:
    """Which words are dropped, and which stand for others."""

    __slots__ = ("_known", "glued", "sets", "words")

    def __init__(self, table: dict[str, Any]) -> None:
        self.words: dict[str, Words] = {normalise(word): () for word in table["dropped"]}
        for plain, variants in table["same"].items():
            for variant in variants:
                self.words[normalise(variant)] = tuple(normalise(plain).split())
        for word in table.get("misspelt", ()):
            plain = normalise(word)
            for slip in misspelt(plain):
                self.words.setdefault(normalise(slip), self.words.get(plain, (plain,)))
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


def inflected(verb: str) -> tuple[str, ...]:
    """A regular verb or noun with its endings: `try` gives try, tries, tried, trying."""
    if verb.endswith("ie"):
        return verb, f"{verb}s", f"{verb}d", f"{verb[:-2]}ying"
    if verb.endswith("e"):
        return verb, f"{verb}s", f"{verb}d", f"{verb[:-1]}ing"
    if verb.endswith("y") and verb[-2:-1] not in "aeiou":
        return verb, f"{verb[:-1]}ies", f"{verb[:-1]}ied", f"{verb}ing"
    plural = "es" if verb.endswith(("s", "x", "z", "ch", "sh", "o")) else "s"
    return verb, verb + plural, f"{verb}ed", f"{verb}ing"  # doubled letters are one anyway


def misspelt(word: str) -> set[str]:
    """The commonest slips in a word, behind its first letter: one left out, or two that changed
    places."""
    left_out = {word[:at] + word[at + 1 :] for at in range(1, len(word))}
    return left_out | {
        word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1)
    }
