"""Looking words up in the tree of phrases: each entry that stands among them, and where.

What a message may cost is counted in steps of the tree, so that it depends on
the message alone.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from nexus_trio.crisis.entries import Entry
from nexus_trio.crisis.phrases import ANY, HERE, NO_WILD, NUMBER, Node

FOUND: Final = 8
"""Steps that a match counts for, and a clause: what is made of them afterwards costs as much."""

Match: TypeAlias = tuple[int, int, Entry]
"""Where an entry's phrase stands: its first token, the one behind its last, and the entry.

A plain tuple: a named one takes five times as long to make, and a message makes dozens.
"""


def look_up(root: Node, tokens: list[str], found: list[Match], left: int) -> int:
    """Add all that stands among tokens; how many of the steps that were left still are.

    It stops where none is left, behind the first token at the soonest. The last
    token is the end of the clause, and begins no phrase.
    """
    numbered = root.get(NUMBER)
    for behind, token in enumerate(tokens[:-1] if left > 0 else tokens[:1], 1):
        node = root.get(token)
        if node is not None and (tokens[behind] in node or ANY in node or HERE in node):
            left = _walk(node, tokens, behind, found, left)
        elif numbered is not None and token.isdigit():
            left = _walk(numbered, tokens, behind, found, left)
        elif node is not None and NUMBER in node and tokens[behind].isdigit():
            left = _walk(node, tokens, behind, found, left)
        else:
            continue
        if left <= 0:
            break
    return left


def _walk(node: Node, tokens: list[str], at: int, found: list[Match], left: int) -> int:
    """Add every entry of the phrases that go on from `node` at the token `at`."""
    todo: list[tuple[Node, int]] = []  # other ways on, where a gap leaves a choice
    start, size = at - 1, len(tokens)
    while True:
        left -= 1
        if HERE in node:
            for entry in node[HERE]:
                found.append((start, at, entry))
                left -= FOUND
        if at < size:
            token = tokens[at]
            at += 1
            if NUMBER in node and token.isdigit():
                todo.append((node[NUMBER], at))
            if token in node:
                if ANY in node and token not in NO_WILD:
                    todo.append((node[ANY], at))
                node = node[token]
                continue
            if ANY in node and token not in NO_WILD:
                node = node[ANY]
                continue
        if not todo:
            return left
        node, at = todo.pop()
