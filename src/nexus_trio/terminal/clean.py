"""Text of others made safe to show: it can give a terminal no orders, and looks like what it is.

What others and models write is data. A terminal takes some characters for orders
(ECMA-48: C0, DEL and C1), and some turn the order of what is read around, or are
not seen at all (UAX #9, UTR #36). Pure.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

MARK: Final = "\N{REPLACEMENT CHARACTER}"
"""Stands where something was: a reader sees that the text was not plain."""

_BREAKS: Final = re.compile("\r\n|[\r\x0b\x0c\x85\N{LINE SEPARATOR}\N{PARAGRAPH SEPARATOR}]")
_TAB: Final = "    "

_WANTED: Final = frozenset("\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}")
"""Format characters that words need: in Persian and Indic scripts, and within emoji."""

_VISIBLE: Final = re.compile(
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd]",
)
"""Signs of Arabic, Syriac and Kaithi: called format characters, and seen all the same."""


def clean(text: str) -> str:
    """`text` of several lines, as it may be shown; every line break is one `\\n`.

    Controls and halves of surrogate pairs become `MARK`; a tab becomes spaces;
    what is not seen (bidi overrides and isolates, zero-width spaces, tags) goes.
    """
    if text.isprintable():
        return text
    lines = _BREAKS.sub("\n", text).replace("\t", _TAB).split("\n")
    return "\n".join(line if line.isprintable() else _cleaned(line) for line in lines)


def clean_line(text: str) -> str:
    """`text` as one line: for names, and whatever must stay where it was put."""
    return " ".join(clean(text).split("\n"))


def _cleaned(line: str) -> str:
    return "".join(map(_shown, line))


def _shown(char: str) -> str:
    if char.isprintable() or char in _WANTED or _VISIBLE.match(char):
        return char
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    # Cn and Co are left: a newer Unicode's emoji, a font's own signs. Zs are odd spaces.
    if category == "Zs":
        return " "
    return MARK if category in ("Cc", "Cs") else char
