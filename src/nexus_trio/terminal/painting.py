"""Items as rows of styled text, and as plain lines. Pure.

Colours only repeat what the words say.
"""

from __future__ import annotations

from typing import Final

from nexus_trio.terminal.items import INDENT, Item, Kind
from nexus_trio.terminal.rows import rows_of

Row = list[tuple[str, str]]
"""One row of a terminal: pieces of text, each with its style's name before it."""

NOTICE_BEGINS: Final = "IMPORTANT. Please read this:"
NOTICE_ENDS: Final = "End of the important message."

STYLES: Final[dict[str, str]] = {
    "own-label": "bold",
    "reply-label": "bold ansicyan",
    "aloud-label": "bold ansigreen",
    "moved": "ansimagenta",
    "notice": "bold",
    "notice-edge": "bold reverse ansired",
    "trouble": "ansired",
    "prompt": "bold",
    "status": "italic",
}
"""Style names of rows, as prompt_toolkit writes styles; all else is in the terminal's own colours,
which are readable on any background."""


def painted(item: Item, width: int) -> list[Row]:
    """The rows of one item, none wider than `width` columns."""
    if item.kind == "notice":
        return _notice(item, width)
    rows: list[Row] = []
    left = len(item.label) + 1 if item.label else 0
    for row in rows_of(item.line, width, INDENT):
        # Spaces are the same in either style, so a label's are not counted where a row ends in one.
        label, text = row[:left], row[left:]
        left = max(0, left - len(row)) if len(row) < left else 0
        pieces = [(_style(item.kind, "-label"), label), (_style(item.kind), text)]
        rows.append([piece for piece in pieces if piece[1]])
    return rows


def _notice(item: Item, width: int) -> list[Row]:
    edge = _style("notice", "-edge")
    return [
        [],
        *([(edge, row)] for row in rows_of(NOTICE_BEGINS, width)),
        *([(_style("notice"), row)] for row in rows_of(item.text, width, INDENT)),
        *([(edge, row)] for row in rows_of(NOTICE_ENDS, width)),
        [],
    ]


def _style(kind: Kind, part: str = "") -> str:
    return f"class:{kind}{part}"


def plain(item: Item) -> str:
    """The item as lines of text, uncut: whoever shows them cuts them to its own width."""
    if item.kind == "notice":
        return f"\n{NOTICE_BEGINS}\n{item.text}\n{NOTICE_ENDS}\n"
    return item.line
