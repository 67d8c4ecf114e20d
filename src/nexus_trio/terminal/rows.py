"""Texts cut to the rows of a terminal, at words and by the width of what is seen. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wcwidth import iter_graphemes, wcswidth

NARROWEST: Final = 12
"""Below so many columns rows are cut as if there were as many: there is nothing to read anyway."""

_PIECES: Final = re.compile(" +|[^ ]+")


def width_of(text: str) -> int:
    """The columns that `text` takes; wide characters take two."""
    return len(text) if text.isascii() else max(0, wcswidth(text))


def rows_of(text: str, width: int, indent: str = "") -> list[str]:
    """`text`, as `clean` leaves it, in rows of at most `width` columns.

    Rows after a line's first begin with `indent`. A row ends at a space where
    there is one, before a wide character (CJK has no spaces), or where it is
    full. When `text` grows at its end, all rows but the last stay as they were.
    """
    width = max(width, NARROWEST)
    return [row for line in text.split("\n") for row in _rows(line, width, indent)]


def _rows(line: str, width: int, indent: str) -> Iterator[str]:
    row, used, gap = "", 0, ""
    for piece in _pieces(line):
        if piece[0] == " ":
            gap = piece[: width // 2]
            continue
        wide = width_of(piece)
        if used + len(gap) + wide > width and row.strip():
            yield row
            row, used, gap = indent, len(indent), ""
        row, used, gap = row + gap, used + len(gap), ""
        if used + wide > width:  # a word longer than a row
            for cluster in iter_graphemes(piece):
                wide = width_of(cluster)
                if used + wide > width and row.strip():
                    yield row
                    row, used = indent, len(indent)
                row, used = row + cluster, used + wide
        else:
            row, used = row + piece, used + wide
    yield row


def _pieces(line: str) -> Iterator[str]:
    """Runs of spaces, words, and each wide character by itself."""
    for piece in _PIECES.findall(line):
        if piece.isascii():
            yield piece
            continue
        word = ""
        for cluster in iter_graphemes(piece):
            if width_of(cluster) < 2:
                word += cluster
                continue
            if word:
                yield word
                word = ""
            yield cluster
        if word:
            yield word
