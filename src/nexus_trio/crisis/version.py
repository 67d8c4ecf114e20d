"""Which lexicon judges: so that a count in a report can be traced to what it was counted by."""

from __future__ import annotations

from hashlib import sha256
from importlib import resources
from typing import Final


def _digest() -> str:
    """The first 12 hexadecimal digits of the SHA-256 of all files of the lexicon, by name."""
    found = sha256()
    folder = resources.files("nexus_trio.crisis") / "lexicon"
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            found.update(f"{file.name}\n".encode() + file.read_bytes())
    return found.hexdigest()[:12]


LEXICON: Final = _digest()
"""Changes with every change of a phrase."""
