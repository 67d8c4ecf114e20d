"""Names by which a persona's prompt tells people apart. Pure.

Users choose their names, two may have the same, and some have none. In a prompt
each line is `NAME: words`, so a name must not look like the end of itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

GUEST: Final = "Guest"
"""Who has no name: an id is nobody else's to read."""

NAME_CHARS: Final = 64
"""As long as a `username`; some characters become several when they are made plain."""


_LIKE_COLONS: Final = frozenset("\u2236\u0589\u05c3\ua4fd")
"""What looks like one and is called otherwise: a ratio, two full stops, a tone."""


def call(people: Iterable[tuple[str, str | None]], persona: str) -> dict[str, str]:
    """By user id, what each of these is called; the first ones have the first choice.

    `people` are ids with the names that they chose. No two are called the same, and
    none as the `persona` is: who would be gets a number, as in `Bob (2)`. No name
    has a colon, a line break or two spaces side by side.
    """
    taken, names = {persona.casefold()}, dict[str, str]()
    for user_id, username in people:
        if user_id not in names:
            names[user_id] = _free(plain(username or "") or GUEST, taken)
            taken.add(names[user_id].casefold())
    return names


def plain(name: str) -> str:
    """`name` without what could pass for its end; perhaps nothing is left."""
    same = unicodedata.normalize("NFKC", name)
    shown = "".join(char for char in same if not _is_colon(char))
    return " ".join(shown.split())[:NAME_CHARS].strip()


def _is_colon(char: str) -> bool:
    return char in _LIKE_COLONS or "COLON" in unicodedata.name(char, "")


def _free(name: str, taken: set[str]) -> str:
    number, found = 1, name
    while found.casefold() in taken:
        number += 1
        found = f"{name} ({number})"
    return found
