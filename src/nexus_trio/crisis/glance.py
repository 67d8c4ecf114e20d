"""A glance at a whole reply: most have not all the words that some phrase of `output.toml` needs.

Every phrase is sure to have a word of each of some sets (`sure.py`). Where a reply has
not, `OutputScreen` would release all of it, and need not read it; where one sentence
has, it reads that one. Sentences that whoever runs the server wrote are read once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from nexus_trio.crisis.normalise import collapse
from nexus_trio.crisis.output import BOOK, UNIT, OutputScreen, tokens
from nexus_trio.crisis.sure import Needs, cost


def _anchors() -> dict[str, set[tuple[Needs, ...]]]:
    """By each word of a row's rarest set, the row's other sets."""
    found: dict[str, set[tuple[Needs, ...]]] = {}
    for row in BOOK.sure:
        rarest, *others = sorted(row.sets, key=cost)
        for word in rarest:
            found.setdefault(word, set()).add(tuple(others))
    return found


_ANCHORS: Final = _anchors()

# Words of ASCII letters with marks behind them, each short enough to be one unit, and
# white space between: read at once, they are the tokens that they are word by word.
_SPACE: Final = r"[^\S\x1c-\x1f]"
_PLAIN: Final = re.compile(
    rf"{_SPACE}*+(?:[A-Za-z'\u2019]{{1,48}}+[.,;:!?]{{0,8}}+(?:{_SPACE}++|\Z))*+"
)
_APOSTROPHES: Final = str.maketrans("", "", "'\u2019")
_LETTERS: Final = re.compile("[a-z]+")
_ENDS: Final = re.compile("[.;!?]")


class Glance:
    """What knows the sentences of these `lines`, the world's own: no word of a user's is kept."""

    def __init__(self, lines: Iterable[str] = ()) -> None:
        self._own = frozenset(part.strip() for line in lines for part in _ENDS.split(line))
        self._passed: set[str] = set()

    def harmless(self, reply: str) -> bool:
        """As `harmless`, of which the verdict never differs."""
        if _PLAIN.fullmatch(reply) is None:
            return harmless(reply)
        strange = []
        for part in _ENDS.split(reply):
            sentence = part.strip()
            if sentence in self._passed:
                continue
            if sentence in self._own and harmless(sentence):
                self._passed.add(sentence)
            else:
                strange.append(part)
        return not strange or harmless(".".join(strange))


def harmless(reply: str) -> bool:
    """Whether nothing of this whole reply can be withheld, however careful the screen is."""
    if _PLAIN.fullmatch(reply) is None:
        return not _may_hold([token for unit in UNIT.findall(reply) for token in tokens(unit)])
    if not _may_hold(_words(reply)):
        return True
    # No phrase goes on over the end of a sentence: only those that may hold one are read.
    return all(_passes(sentence) for sentence in _ENDS.split(reply) if _may_hold(_words(sentence)))


def _words(plain: str) -> list[str]:
    """The words as they are written, which the anchors know, too."""
    return _LETTERS.findall(collapse(plain.translate(_APOSTROPHES).lower()))


def _may_hold(words: list[str]) -> bool:
    return not _ANCHORS.keys().isdisjoint(words) and any(
        not any(needs.isdisjoint(words) for needs in others)
        for word in _ANCHORS.keys() & set(words)
        for others in _ANCHORS[word]
    )


def _passes(sentence: str) -> bool:
    screen = OutputScreen(careful=True)
    screen.feed(sentence)
    screen.finish()
    return screen.withheld is None
