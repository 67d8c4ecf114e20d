"""What a message is about, and which of a user's words may stand in a reply."""

from __future__ import annotations

from typing import Final

from nexus_trio.responders.scripted.reading import Reading
from nexus_trio.responders.scripted.words import (
    ADJECTIVE_ENDS,
    ADJECTIVE_HEADS,
    ADJECTIVES,
    DETERMINERS,
    HARM,
    HARM_STEMS,
    LEADS,
    STOP,
)

WORD_CHARS: Final = 20
"""A longer word is not said back: it is no word, or it would fill the reply."""


def subject(reading: Reading) -> str | None:
    """What the message is about, in at most three of its words, or None."""
    best: tuple[int, str] = (9, "")
    tries = 12
    for place, word in enumerate(reading.words[:-1]):
        rank = LEADS.get(word)
        if rank is None or rank >= best[0] or not tries:
            continue
        tries -= 1
        noun = _noun(reading.words, reading.raw, place + 1)
        if noun:
            best = rank, f"{DETERMINERS.get(word, '')} {noun}".strip()
    if best[1]:
        return best[1]
    longest = max((word for word in reading.raw if _quotable(word)), key=len, default="")
    return f'"{longest}"' if longest else None


def harmful(word: str) -> bool:
    """Whether a word, in lower case, speaks of harm or is coarse: it is not said back."""
    return word in HARM or word.startswith(HARM_STEMS)


def _sayable(word: str) -> bool:
    """Whether a user's word may stand in a reply: letters, short, neither harm nor coarse."""
    bare = word.replace("'", "")
    if not bare.isalpha() or not 3 <= len(bare) <= WORD_CHARS:
        return False
    low = bare.lower()
    return low not in STOP and not harmful(low)


def _quotable(word: str) -> bool:
    """Words that stand alone are quoted; short ones and likely adjectives would sound odd."""
    if not word.isascii() and max(word) >= "\u2e80":
        return False  # scripts without spaces: the word would be the whole sentence
    return len(word) > 4 and not word.lower().endswith(ADJECTIVE_ENDS) and _sayable(word)


def _noun(words: list[str], raw: list[str], place: int) -> str | None:
    taken: list[str] = []
    for word, shown in zip(words[place : place + 3], raw[place : place + 3], strict=True):
        adjective = word in ADJECTIVES or word.endswith(ADJECTIVE_HEADS)
        if not adjective and not _sayable(shown):
            return None
        taken.append(shown)
        if not adjective and not shown.endswith("'s"):
            return " ".join(taken)
    return None
