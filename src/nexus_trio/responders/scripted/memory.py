"""What users told of themselves, read again from the history at each use: nothing is kept here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from nexus_trio.responders.base import Prompt
from nexus_trio.responders.scripted.labels import label_at
from nexus_trio.responders.scripted.subject import WORD_CHARS, harmful
from nexus_trio.responders.scripted.words import MARKS, NOT_A_NAME, NOT_A_VALUE, TURNED

TOLD_CHARS: Final = 250
"""Of each message in the history, what is searched for things told; twenty of them add up."""
_NAME_CHARS: Final = 32

_CALLED: Final = re.compile(
    r"\bmy ([a-z]{2,20})(?:'s name is| is called| is named| called| named) ([^\W\d_]{1,24})"
    r"|\bi have an? ([a-z]{2,20}),? (?:called|named|whose name is) ([^\W\d_]{1,24})"
)
_VALUE_END: Final = re.compile(
    r"[.,;:!?()\"\n]|\b(?:and|but|because|so|which|who|when|what|since|though|or|i|i'm)\b"
)


class Fact(NamedTuple):
    """What a user told of themselves: its kind, the value, and the clause that says it back."""

    kind: str
    value: str
    clause: str


def facts(messages: Iterable[str]) -> list[Fact]:
    """What these messages tell, oldest first; a later name replaces an earlier one."""
    text, low = _told_text(messages)
    found: dict[str, tuple[int, Fact]] = {}
    for mark, kind, clause in MARKS:
        for place in _places(low, mark) if mark in low else ():
            start = place + len(mark)
            fact = _fact(text[start : start + 60], kind, clause)
            key = "name" if kind == "name" or fact is None else fact.clause
            if fact and place > found.get(key, (-1,))[0]:
                found[key] = place, fact
    for place, fact in _called(text, low):
        found.setdefault(fact.clause, (place, fact))
    return [fact for _, fact in sorted(found.values(), key=lambda pair: pair[0])]


def known_name(prompt: Prompt) -> str | None:
    """What the user asked to be called, else their username, made safe to print; else None."""
    name = _told_name(prompt) or prompt.username or ""
    shown = "".join(char for char in name if char.isprintable() and char not in "{}")
    return shown[:_NAME_CHARS].strip() or None


def _told_name(prompt: Prompt) -> str | None:
    messages = [*(exchange.message for exchange in prompt.history), prompt.message]
    text, low = _told_text(messages)
    latest: tuple[int, str] | None = None
    for mark, kind, clause in MARKS:
        if kind != "name" or mark not in low:
            continue
        for place in _places(low, mark):
            fact = _fact(text[place + len(mark) : place + len(mark) + 60], kind, clause)
            if fact and (latest is None or place > latest[0]):
                latest = place, fact.value
    return latest[1] if latest else None


def _told_text(messages: Iterable[str]) -> tuple[str, str]:
    """The messages as one text, with a mark between them, and the same in lower case."""
    text = ". " + ". ".join(message[:TOLD_CHARS] for message in messages)
    text = text.replace("\u2019", "'").replace("\n", ". ")
    low = text.lower()
    return (text, low) if len(low) == len(text) else (low, low)


def _places(low: str, mark: str) -> list[int]:
    """Where `mark` stands, the last first: at most six, for a text may hold hundreds."""
    found: list[int] = []
    place = len(low)
    while len(found) < 6 and (place := low.rfind(mark, 0, place)) >= 0:
        found.append(place)
    return found


def _fact(rest: str, kind: str, clause: str) -> Fact | None:
    end = _VALUE_END.search(rest.lower())
    words = rest[: end.start() if end else None].split()[: 2 if kind == "name" else 5]
    if not words or words[0].lower() in (NOT_A_NAME if kind == "name" else NOT_A_VALUE):
        return None
    if any(not _clean(word) for word in words):
        return None
    turned = [TURNED.get(word.lower(), word) for word in words]
    value = " ".join(turned)[:40].strip()
    if kind == "name" and value.islower():
        value = " ".join(word if label_at(word, 0) else word.title() for word in value.split())
    return Fact(kind, value, f"{clause} {value}")


def _clean(word: str) -> bool:
    """Whether a told word may be said back: printable, no markup, no word of harm."""
    plain = word.replace("-", "").replace("'", "")
    return plain.isalnum() and len(word) <= WORD_CHARS and not harmful(plain.lower())


def _called(text: str, low: str) -> list[tuple[int, Fact]]:
    found = []
    for mark in (" called ", " named ", "name is "):
        for place in _places(low, mark) if mark in low else ():
            for match in _CALLED.finditer(low, max(place - 30, 0), place + 40):
                group = 1 if match[1] else 3
                noun, name = match[group], _given_name(text, *match.span(group + 1))
                if _clean(noun) and _clean(name):
                    fact = Fact(noun, name, f"your {noun} is called {name}")
                    found.append((match.start(), fact))
    return found


def _given_name(text: str, start: int, end: int) -> str:
    """The name that stands there, with a capital; a label whole and as it was written."""
    name = text[start:end]
    return label_at(text, start) or (name.title() if name.islower() else name)
