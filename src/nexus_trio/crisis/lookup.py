"""Looking words up in the tree of phrases: each entry that stands among them, and where.

What a message may cost is counted in steps of the tree, so that it depends on
the message alone.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from nexus_trio.crisis.entries import Entry
from nexus_trio.crisis.phrases import ANY, HERE, NO_WILD, NUMBER, Node

FOUND: Final = 8
"""Steps that a match counts for, and a clause: what is made of them afterwards costs as much."""


class Match(NamedTuple):
    """An entry's phrase stands from the token `start` to before the token `end`."""

    start: int
    end: int
    entry: Entry


def look_up(root: Node, tokens: list[str], found: list[Match], left: int) -> int:
    """Add all that stands among tokens; how many of the steps that were left still are.

    It stops where none is left. The last token is the end of the clause, and
    begins no phrase.
    """
    for at in range(len(tokens) - 1):
        token = tokens[at]
        node = root.get(token)
        if node is not None and (tokens[at + 1] in node or ANY in node or HERE in node):
            left = _walk(node, tokens, at, found, left)
        elif NUMBER in root and token.isdigit():
            left = _walk(root[NUMBER], tokens, at, found, left)
        elif node is not None and NUMBER in node and tokens[at + 1].isdigit():
            left = _walk(node, tokens, at, found, left)
        if left <= 0:
            break
    return left


def _walk(node: Node, tokens: list[str], start: int, found: list[Match], left: int) -> int:
    """Add every entry whose phrase begins at `start`. Depth is that of the tree."""
    todo: list[tuple[Node, int]] = []  # other ways on, where a gap leaves a choice
    at, size = start + 1, len(tokens)
    while True:
        left -= 1
        if HERE in node:
            found += [Match(start, at, entry) for entry in node[HERE]]
            left -= FOUND * len(node[HERE])
        follow = None
        if at < size:
            token = tokens[at]
            follow = node.get(token)
            if ANY in node and token not in NO_WILD:
                todo.append((node[ANY], at + 1))
            if NUMBER in node and token.isdigit():
                todo.append((node[NUMBER], at + 1))
        if follow is not None:
            node, at = follow, at + 1
        elif todo:
            node, at = todo.pop()
        else:
            return left
