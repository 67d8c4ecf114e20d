"""A glance at a whole reply: most hold no two words that a phrase of `output.toml` needs.

Every phrase is sure to hold one of some words, and one that stands beside it in the
book (`Phrasebook.anchors`). Where a reply has no such pair, `OutputScreen` would
release all of it, and need not read it. Pure; a pair proves nothing by itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from nexus_trio.crisis.normalise import collapse
from nexus_trio.crisis.output import BOOK, UNIT, tokens

_ANCHORS: Final = {word: frozenset(beside) for word, beside in BOOK.anchors.items()}

# Words of ASCII letters with marks behind them, each short enough to be one unit, and
# white space between: read at once, they are the tokens that they are word by word.
_SPACE: Final = r"[^\S\x1c-\x1f]"
_PLAIN: Final = re.compile(
    rf"{_SPACE}*+(?:[A-Za-z'\u2019]{{1,48}}+[.,;:!?]{{0,8}}+(?:{_SPACE}++|\Z))*+"
)
_APOSTROPHES: Final = str.maketrans("", "", "'\u2019")
_LETTERS: Final = re.compile("[a-z]+")


def harmless(reply: str) -> bool:
    """Whether nothing of this whole reply can be withheld, however careful the screen is."""
    words = _words(reply)
    for word in words:
        beside = _ANCHORS.get(word)
        if beside is not None and not beside.isdisjoint(words):
            return False
    return True


def _words(reply: str) -> Collection[str]:
    """The words as they are looked up, or as they are written, which the anchors know, too."""
    if _PLAIN.fullmatch(reply) is not None:
        return _LETTERS.findall(collapse(reply.translate(_APOSTROPHES).lower()))
    return {token for unit in UNIT.findall(reply) for token in tokens(unit)}
