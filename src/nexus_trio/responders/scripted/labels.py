"""Labels: references such as `order-3f9a12` that a user asks to have kept, said back verbatim."""

from __future__ import annotations

import re
import string
from typing import Final

SEEN_CHARS: Final = 500
"""Only this much of a message is read: the cost of a reply stays bounded."""
_MOST: Final = 3
_HEAD_CHARS: Final = 64
_HEX_CHARS: Final = 40
_END: Final = re.compile(rf"-[0-9a-f]{{6,{_HEX_CHARS}}}(?![\w-])", re.ASCII)
_CHARS: Final = frozenset(string.ascii_letters + string.digits + "-_")


def seen(message: str) -> str:
    """The first 500 characters; a label that stands across this limit is taken whole."""
    if len(message) > SEEN_CHARS:
        # The far end lies behind any label that starts in time, so that none is cut there.
        reach = _HEX_CHARS + 2
        for end in _END.finditer(message, SEEN_CHARS - reach, SEEN_CHARS + reach):
            if end.start() < SEEN_CHARS < end.end():
                return message[: end.end()]
    return message[:SEEN_CHARS]


def labels(text: str) -> list[str]:
    """A word, a hyphen, six or more hex digits; the first three such references.

    The end is looked for first and the head behind it by hand: a pattern for
    the whole costs a square of the length on rows of hyphens.
    """
    found: list[str] = []
    if "-" not in text:
        return found
    for end in _END.finditer(text):
        start = end.start()
        while start > 0 and text[start - 1] in _CHARS and end.start() - start < _HEAD_CHARS:
            start -= 1
        label = text[start : end.end()].lstrip("-_0123456789")
        if len(label) > end.end() - end.start() and label not in found:
            found.append(label)
        if len(found) == _MOST:
            break
    return found


def label_at(text: str, start: int) -> str | None:
    """The label that begins at `start`, or None."""
    for label in labels(text[start : start + _HEAD_CHARS + _HEX_CHARS + 2]):
        if text.startswith(label, start):
            return label
    return None


def sentence(text: str) -> str:
    """`text` with a capital at its start, unless it starts with a label."""
    if not text[:1].islower() or label_at(text, 0):
        return text
    return text[:1].upper() + text[1:]
